#include "lp_fully_connected_s16_dsp.h"

#include "lp_dsp_s16.h"
#include "lp_wide_s16.h"

/* acc plus the products of four values with `lanes` words of w. */
static inline void lp_quad(uint32_t first, uint32_t second, const uint32_t *w, int32_t lanes, int32_t *acc)
{
    for (int32_t o = 0; o < lanes; o++) {
        acc[o] = lp_smlad(second, lp_sxtb16_ror8(w[o]), lp_smlad(first, lp_sxtb16(w[o]), acc[o]));
    }
}

#if LP_DSP_NATIVE

/* Four values of x with four channels: 16 products in 19 instructions. */
#define LP_STEP                                                                                                       \
    "ldr    %[p], [%[x]], #4         \n"                                                                              \
    "ldmia  %[w]!, {r0, r1, r2, r3}  \n"                                                                              \
    "sxtb16 %[t], r0                 \n"                                                                              \
    "smlad  %[a], %[p], %[t], %[a]   \n"                                                                              \
    "sxtb16 %[t], r1                 \n"                                                                              \
    "smlad  %[b], %[p], %[t], %[b]   \n"                                                                              \
    "sxtb16 %[t], r2                 \n"                                                                              \
    "smlad  %[c], %[p], %[t], %[c]   \n"                                                                              \
    "sxtb16 %[t], r3                 \n"                                                                              \
    "smlad  %[d], %[p], %[t], %[d]   \n"                                                                              \
    "ldr    %[p], [%[x]], #4         \n"                                                                              \
    "sxtb16 r0, r0, ror #8           \n"                                                                              \
    "smlad  %[a], %[p], r0, %[a]     \n"                                                                              \
    "sxtb16 r1, r1, ror #8           \n"                                                                              \
    "smlad  %[b], %[p], r1, %[b]     \n"                                                                              \
    "sxtb16 r2, r2, ror #8           \n"                                                                              \
    "smlad  %[c], %[p], r2, %[c]     \n"                                                                              \
    "sxtb16 r3, r3, ror #8           \n"                                                                              \
    "smlad  %[d], %[p], r3, %[d]     \n"

/* The products of four channels with `quads` (1 or more) quads of x, which is aligned to 4. */
static LP_NOINLINE void lp_quads4(const int16_t *x, int32_t quads, const uint32_t *w, int32_t *acc)
{
    int32_t a = acc[0];
    int32_t b = acc[1];
    int32_t c = acc[2];
    int32_t d = acc[3];
    uint32_t p;
    uint32_t t;
    __asm__ volatile("lsrs   %[quads], %[quads], #1  \n" /* an odd one first, then two at a time */
                     "bcc    2f                      \n"
                     LP_STEP
                     "cmp    %[quads], #0            \n"
                     "beq    3f                      \n"
                     "2:                             \n"
                     LP_STEP
                     LP_STEP
                     "subs   %[quads], #1            \n"
                     "bne    2b                      \n"
                     "3:                             \n"
                     : [x] "+r"(x), [w] "+r"(w), [quads] "+r"(quads), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c),
                       [d] "+r"(d), [p] "=&r"(p), [t] "=&r"(t)
                     :
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#else

static void lp_quads4(const int16_t *x, int32_t quads, const uint32_t *w, int32_t *acc)
{
    for (; quads > 0; quads--, x += 4, w += 4) {
        lp_quad(lp_load_pair(x), lp_load_pair(x + 2), w, 4, acc);
    }
}

#endif

/* The products of one or four channels (`lanes`) with all of x. */
static inline void lp_products(const lp_fully_connected_s16_dsp_t *op, const int16_t *x, const uint32_t *w,
                               int32_t lanes, int32_t first, int32_t quads, int32_t *acc)
{
    const int32_t whole = lp_min_s32(op->c_in / 4 - first, quads);
    x += 4 * first;
    w += lanes * first;
    if (lanes == 4 && whole > 0) {
        lp_quads4(x, whole, w, acc);
    } else {
        LP_ROLLED
        for (int32_t k = 0; k < whole; k++) {
            lp_quad(lp_load_pair(x + 4 * k), lp_load_pair(x + 4 * k + 2), w + k, 1, acc);
        }
    }
    if (whole < quads) { /* the last one to three values */
        int16_t rest[4] = {0, 0, 0, 0};
        for (int32_t i = 0; i < op->c_in % 4; i++) {
            rest[i] = x[4 * whole + i];
        }
        lp_quad(lp_load_pair(rest), lp_load_pair(rest + 2), w + lanes * whole, lanes, acc);
    }
}

static void lp_lanes(const lp_fully_connected_s16_dsp_t *op, const int16_t *x, int32_t o, int32_t lanes, int16_t *y)
{
    const int32_t quads = (op->c_in + 3) / 4;
    const uint32_t *w = op->w + o * quads;
    if (op->block >= quads) {
        int32_t acc[4];
        for (int32_t i = 0; i < lanes; i++) {
            acc[i] = op->bias[o + i];
        }
        lp_products(op, x, w, lanes, 0, quads, acc);
        for (int32_t i = 0; i < lanes; i++) {
            y[o + i] = lp_short_finish(acc[i], op->mult[o + i], op->code[o + i], op->y_min == 0);
        }
        return;
    }
    int64_t total[4];
    for (int32_t i = 0; i < lanes; i++) {
        total[i] = lp_wide_bias(op->bias, op->bias_high, o + i);
    }
    for (int32_t first = 0; first < quads; first += op->block) {
        int32_t acc[4] = {0, 0, 0, 0};
        lp_products(op, x, w, lanes, first, lp_min_s32(op->block, quads - first), acc);
        for (int32_t i = 0; i < lanes; i++) {
            total[i] += acc[i];
        }
    }
    for (int32_t i = 0; i < lanes; i++) {
        const int32_t value = lp_wide_finish(total[i], op->mult[o + i], op->code[o + i]);
        y[o + i] = (int16_t)(op->y_min == 0 ? lp_usat15(value) : lp_ssat16(value));
    }
}

void lp_fully_connected_s16_dsp(const lp_fully_connected_s16_dsp_t *op, const int16_t *restrict x, int16_t *restrict y)
{
    int32_t o = 0;
    for (; o + 4 <= op->c_out; o += 4) {
        lp_lanes(op, x, o, 4, y);
    }
    for (; o < op->c_out; o++) {
        lp_lanes(op, x, o, 1, y);
    }
    lp_clamp_run_s16(y, op->c_out, op->y_min, op->y_max);
}
