#include "lp_dense_s8_s16_dsp.h"

#include "lp_fixed_point.h"
#include "lp_words_s8_dsp.h"

static inline int16_t lp_finish(const lp_dense_s8_s16_t *op, int32_t o, int32_t acc)
{
    const int32_t sum = acc >> 8; /* below 2^23 */
    const int32_t shift = op->shift[o];
    const int32_t mult = op->mult[o];
    const int32_t value = shift < 0 ? lp_requantise_right(sum, mult, -shift) : lp_requantise(sum, mult, shift);
    return (int16_t)lp_clamp_s32(value + op->y_offset, op->y_min, op->y_max);
}

void lp_dense_s8_s16_dsp(const lp_dense_s8_s16_t *op, const int8_t *restrict x, int16_t *restrict y)
{
    const int32_t whole = op->c_in / 4;
    const int32_t rest = op->c_in % 4;
    const uint32_t last = lp_load_few(x + 4 * whole, rest);
    const uint32_t *w = (const uint32_t *)op->w;
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
        for (int32_t i = 0; i < 4; i++) {
            y[o + i] = lp_finish(op, o + i, acc[i]);
        }
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
}
