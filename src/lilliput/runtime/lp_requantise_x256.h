/* Requantisation of an accumulator that is held multiplied by 256, in a few instructions.
 *
 * Value     the same as lp_requantise(acc / 256, mult, shift) + y_offset, clamped to int8 (lp_fixed_point.h).
 *
 *           With right = -shift >= 1, both roundings and the offset are one sum, cut once:
 *               y = floor((acc / 256 * mult + 2^30 + (2^(right-1) + y_offset * 2^right - negative) * 2^31)
 *                         / 2^(31 + right))
 *           where negative is 1 for a product below 0 (so that halves round away from zero), which is the sign of acc:
 *           where acc is negative and the rounded product is 0, both choices give the same y. Times 256 all constants
 *           are multiples of 2^32, so that the high word of acc * mult is enough:
 *               y = (high(acc * mult) + 64 + (2 * y_offset + 1) * 2^(right + 6) - 128 * negative) >> (right + 7)
 * Ranges    acc a multiple of 256 (its value below 2^23, held by the compiler before it chooses such a kernel).
 *           code is right + 7 for right in [1, 15]; any other shift is given as shift - 64, and takes the long way.
 */
#ifndef LP_REQUANTISE_X256_H
#define LP_REQUANTISE_X256_H

#include <stdint.h>

#include "lp_dsp.h"
#include "lp_fixed_point.h"

/* The constant of the sum above, for code > 0. */
static inline int32_t lp_round_x256(int32_t y_offset, int32_t code)
{
    return 64 + (2 * y_offset + 1) * (int32_t)((uint32_t)1 << (code - 1));
}

/* code > 0; round from lp_round_x256. */
static inline int8_t lp_requantise_x256(int32_t acc, int32_t mult, int32_t round, int32_t code)
{
    const int32_t high = (int32_t)(((int64_t)acc * mult) >> 32);
    return (int8_t)lp_ssat8((high + (round + (acc >> 31) * 128)) >> code);
}

/* code <= 0. */
static inline int8_t lp_requantise_x256_long(int32_t acc, int32_t mult, int32_t y_offset, int32_t code)
{
    return (int8_t)lp_clamp_s32(lp_requantise(acc >> 8, mult, code + 64) + y_offset, -128, 127);
}

/* A clamp narrower than int8, on outputs that lie together. */
static inline void lp_clamp_run(int8_t *y, int32_t count, int32_t low, int32_t high)
{
    for (int32_t i = 0; i < count; i++) {
        y[i] = (int8_t)lp_clamp_s32(y[i], low, high);
    }
}

#endif
