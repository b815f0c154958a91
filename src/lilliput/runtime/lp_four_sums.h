/* A row of int8 multiplied with four output channels, without vector instructions.
 *
 * Layout    x[taps], w[taps][4]: bytes of the weights + 128
 * Value     acc[o] = sum of x[i] * w[i][o]; it wraps
 */
#ifndef LP_FOUR_SUMS_H
#define LP_FOUR_SUMS_H

#include <stdint.h>

#include "lp_compiler.h"

/* The products of one element with four channels. */
#define LP_FOUR(k)                                                                                                     \
    do {                                                                                                               \
        const uint32_t v = (uint32_t)x[k];                                                                             \
        acc0 += v * w[4 * (k)];                                                                                        \
        acc1 += v * w[4 * (k) + 1];                                                                                    \
        acc2 += v * w[4 * (k) + 2];                                                                                    \
        acc3 += v * w[4 * (k) + 3];                                                                                    \
        LP_IN_ORDER(acc0, acc1, acc2, acc3);                                                                           \
    } while (0)

/* The sums of four channels; they wrap. */
static inline void lp_four_sums(const uint8_t *w, const int8_t *x, int32_t taps, uint32_t acc[4])
{
    uint32_t acc0 = 0;
    uint32_t acc1 = 0;
    uint32_t acc2 = 0;
    uint32_t acc3 = 0;
    const int8_t *end = x + (taps & ~3);
    LP_ROLLED for (; x != end; x += 4, w += 16) {
        LP_FOUR(0);
        LP_FOUR(1);
        LP_FOUR(2);
        LP_FOUR(3);
    }
    end = x + (taps & 3);
    LP_ROLLED for (; x != end; x++, w += 4) {
        LP_FOUR(0);
    }
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
}

#endif
