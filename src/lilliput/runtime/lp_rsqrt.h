/* 1 / sqrt(n) of a whole number in fixed point.
 *
 * Value     mult * 2^(shift - 31), shift <= 0; 0 counts as 1. n is brought into [2^27, 2^29) by an even shift; five
 *           Newton steps from 1 in Q3.28, then sqrt(2) / 2 for the odd half of the shift.
 * Ranges    n in [0, 2^31).
 */
#ifndef LP_RSQRT_H
#define LP_RSQRT_H

#include <stdint.h>

#include "lp_fixed_point.h"

typedef struct {
    int32_t mult;
    int32_t shift;
} lp_rsqrt_t;

static inline int32_t lp_rsqrt_newton(int32_t a)
{
    const int32_t half = lp_rounding_shift(a, 1);
    int32_t x = (int32_t)1 << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t cube = lp_high_mul(lp_high_mul(x, x), x) * 64;
        x = (lp_high_mul(3 * ((int32_t)1 << 27), x) - lp_high_mul(half, cube)) * 8;
    }
    return lp_high_mul(x, 1518500250);
}

static inline lp_rsqrt_t lp_rsqrt(int32_t n)
{
    int32_t right = 11;
    if (n <= 1) {
        const lp_rsqrt_t one = {INT32_MAX, 0};
        return one;
    }
    while (n >= (int32_t)1 << 29) {
        n /= 4;
        right++;
    }
    while (n < (int32_t)1 << 27) {
        n *= 4;
        right--;
    }
    const int32_t x = lp_rsqrt_newton(n >> 1);
    const lp_rsqrt_t made = {right < 0 ? x * (int32_t)((uint32_t)1 << -right) : x, right < 0 ? 0 : -right};
    return made;
}

#endif
