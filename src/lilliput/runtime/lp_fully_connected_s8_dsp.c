#include "lp_fully_connected_s8_dsp.h"

#include "lp_patches_s8_dsp.h"
#include "lp_requantise_x256.h"

/* acc plus the products of one word of x with `lanes` words of w. */
static inline void lp_word(uint32_t word, const uint32_t *w, int32_t lanes, int32_t *acc)
{
    const uint32_t h = lp_sxtb16_ror8(word);
    const uint32_t z = lp_rev16(word) ^ 0x007f007fu;
    for (int32_t o = 0; o < lanes; o++) {
        acc[o] = lp_smlad(z, lp_sxtb16(w[o]), lp_smlad(h, w[o], acc[o]));
    }
}

#if LP_DSP_NATIVE

/* One word of x with four channels: 16 products in 17 instructions. */
#define LP_STEP                                                                                                       \
    "ldr    %[z], [%[x]], #4\n"                                                                                       \
    "ldmia  %[w]!, {r0, r1, r2, r3}\n"                                                                                \
    "sxtb16 %[h], %[z], ror #8\n"                                                                                     \
    "rev16  %[z], %[z]\n"                                                                                             \
    "eor    %[z], %[z], #0x007f007f\n"                                                                                \
    "smlad  %[a], %[h], r0, %[a]\n"                                                                                   \
    "smlad  %[b], %[h], r1, %[b]\n"                                                                                   \
    "smlad  %[c], %[h], r2, %[c]\n"                                                                                   \
    "smlad  %[d], %[h], r3, %[d]\n"                                                                                   \
    "sxtb16 r0, r0\n"                                                                                                 \
    "sxtb16 r1, r1\n"                                                                                                 \
    "sxtb16 r2, r2\n"                                                                                                 \
    "sxtb16 r3, r3\n"                                                                                                 \
    "smlad  %[a], %[z], r0, %[a]\n"                                                                                   \
    "smlad  %[b], %[z], r1, %[b]\n"                                                                                   \
    "smlad  %[c], %[z], r2, %[c]\n"                                                                                   \
    "smlad  %[d], %[z], r3, %[d]\n"

/* The products of four channels with `count` (1 or more) whole words of x. */
static LP_NOINLINE void lp_words4(const int8_t *x, int32_t count, const uint32_t *w, int32_t *acc)
{
    int32_t a = acc[0];
    int32_t b = acc[1];
    int32_t c = acc[2];
    int32_t d = acc[3];
    uint32_t h;
    uint32_t z;
    __asm__ volatile("lsrs   %[count], %[count], #1  \n" /* an odd word first, */
                     "bcc    2f                      \n"
                     LP_STEP
                     "cmp    %[count], #0            \n"
                     "beq    3f                      \n"
                     "2:                             \n"
                     "lsrs   %[count], %[count], #1  \n" /* then two, then four at a time */
                     "bcc    4f                      \n"
                     LP_STEP
                     LP_STEP
                     "cmp    %[count], #0            \n"
                     "beq    3f                      \n"
                     "4:                             \n"
                     LP_STEP
                     LP_STEP
                     LP_STEP
                     LP_STEP
                     "subs   %[count], #1            \n"
                     "bne    4b                      \n"
                     "3:                             \n"
                     : [x] "+r"(x), [w] "+r"(w), [count] "+r"(count), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c),
                       [d] "+r"(d), [h] "=&r"(h), [z] "=&r"(z)
                     :
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#else

static void lp_words4(const int8_t *x, int32_t count, const uint32_t *w, int32_t *acc)
{
    for (; count > 0; count--, x += 4, w += 4) {
        lp_word(lp_load4(x), w, 4, acc);
    }
}

#endif

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
