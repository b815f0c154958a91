/* Sums of int16 activations and int8 weights: exact in 64 bits, and how they are brought to the output's scale.
 *
 * A factor m is given in one of two ways, told apart by the sign of `code`:
 *
 *   code > 0   m = mult * 2^-code, mult of 15 bits, code in [1, 46]
 *              y = (acc * mult + 2^(code - 1)) >> code                        one rounding, halves up
 *   code <= 0  m = mult * 2^(shift - 31) with shift = code + 64, as in lp_fixed_point.h
 *              y = requantise(acc, mult, shift)                               for layers with a bias of 32 bits
 *
 * Ranges    |acc| < 2^47 and |acc * m| < 2^31, or |acc| * 2^max(shift, 0) < 2^31: proved by the compiler (LP312).
 */
#ifndef LP_WIDE_S16_H
#define LP_WIDE_S16_H

#include <stdint.h>

#include "lp_fixed_point.h"

/* So many products fit a 32-bit sum whatever they are: 256 * 2^15 * 2^7 = 2^30. */
#define LP_WIDE_RUN 256

/* The sum of x[i] * w[i]. */
static inline int64_t lp_wide_dot(const int16_t *x, const int8_t *w, int32_t n)
{
    int64_t total = 0;
    for (; n > LP_WIDE_RUN; n -= LP_WIDE_RUN) {
        int32_t sum = 0;
        for (int32_t i = 0; i < LP_WIDE_RUN; i++) {
            sum += *x++ * *w++;
        }
        total += sum;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < n; i++) {
        sum += x[i] * w[i];
    }
    return total + sum;
}

/* A bias of 64 bits; where `high` is null, all are of 32. */
static inline int64_t lp_wide_bias(const int32_t *low, const int32_t *high, int32_t o)
{
    return high == 0 ? low[o] : (int64_t)high[o] * 4294967296 + (uint32_t)low[o];
}

static inline int32_t lp_wide_finish(int64_t acc, int32_t mult, int32_t code)
{
    if (code <= 0) {
        return lp_requantise((int32_t)acc, mult, code + 64);
    }
    return (int32_t)((acc * mult + ((int64_t)1 << (code - 1))) >> code);
}

#endif
