/* Requantisation of a value that is given doubled, to the right by one bit or more, in a few instructions: the rounded
 * high half of one product, which Arm cores with DSP instructions make at once, and two shifts.
 *
 * Value     lp_requantise_twice(2 * acc, mult, less) is lp_requantise(acc, mult, -1 - less) of lp_fixed_point.h
 * Ranges    less in [0, 30]; 2 * acc fits 32 bits
 */
#ifndef LP_REQUANTISE_S16_H
#define LP_REQUANTISE_S16_H

#include <stdint.h>

#include "lp_fixed_point.h"

static inline int32_t lp_requantise_twice(int32_t twice, int32_t mult, int32_t less)
{
    const int32_t t = (int32_t)(((int64_t)twice * mult + ((int64_t)1 << 31)) >> 32);
    return (((t + (t >> 31)) >> less) + 1) >> 1;
}

/* lp_requantise(acc, mult, shift) for |acc| * 2^max(shift, 0) < 2^30. */
static inline int32_t lp_requantise_short(int32_t acc, int32_t mult, int32_t shift)
{
    return shift < 0 ? lp_requantise_twice(2 * acc, mult, -1 - shift)
                     : lp_high_mul(acc * (int32_t)((uint32_t)1 << shift), mult);
}

#endif
