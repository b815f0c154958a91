#include "lp_fully_connected_s8_dsp.h"

#include "lp_patches_s8_dsp.h"
#include "lp_requantise_x256.h"
#include "lp_words_s8_dsp.h"

static inline int8_t lp_finish(const lp_fully_connected_s8_dsp_t *op, int32_t o, int32_t acc)
{
    const int32_t code = op->shift[o];
    return code > 0 ? lp_requantise_x256(acc, op->mult[o], lp_round_x256(op->y_offset, code), code)
                    : lp_requantise_x256_long(acc, op->mult[o], op->y_offset, code);
}

/* Four outputs, for channels o to o + 3. */
static LP_NOINLINE void lp_finish4(const lp_fully_connected_s8_dsp_t *op, int32_t o, const int32_t *acc,
                                   int8_t *restrict y)
{
    const uint32_t codes = lp_load4(op->shift + o);
    if ((codes & 0x80808080u) != 0) { /* one of them takes the long way */
        for (int32_t i = 0; i < 4; i++) {
            y[i] = lp_finish(op, o + i, acc[i]);
        }
        return;
    }
    const int32_t *mult = op->mult + o;
    const int32_t offset = 2 * op->y_offset + 1;
    for (int32_t i = 0; i < 4; i++) {
        const int32_t code = (int32_t)(codes >> (8 * i) & 31u);
        const int32_t round = 64 + offset * (int32_t)((uint32_t)1 << (code - 1));
        y[i] = lp_requantise_x256(acc[i], mult[i], round, code);
    }
}

void lp_fully_connected_s8_dsp(const lp_fully_connected_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t whole = op->c_in / 4;
    const int32_t rest = op->c_in % 4;
    const uint32_t last = lp_load_few(x + 4 * whole, rest);
    const uint32_t *w = op->w;
    int32_t o = 0;
    for (; o + 4 <= op->c_out; o += 4) {
        int32_t acc[4] = {op->bias[o], op->bias[o + 1], op->bias[o + 2], op->bias[o + 3]};
        if (whole > 0) {
            lp_words4(x, whole, w, acc);
            w += 4 * whole;
        }
        if (rest > 0) {
            lp_word(last, w, 4, acc);
            w += 4;
        }
        lp_finish4(op, o, acc, y + o);
    }
    for (; o < op->c_out; o++) {
        int32_t acc = op->bias[o];
        LP_ROLLED
        for (int32_t k = 0; k < whole; k++) {
            lp_word(lp_load4(x + 4 * k), w++, 1, &acc);
        }
        if (rest > 0) {
            lp_word(last, w++, 1, &acc);
        }
        y[o] = lp_finish(op, o, acc);
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, op->c_out, op->y_min, op->y_max);
    }
}
