/* Requantisation of sixteen accumulators, one output channel a lane: lp_requantise of lp_fixed_point.h, the zero point of
 * the output added, narrowed and clamped.
 *
 * Value     t = (acc * mult + 2^30) >> 31
 *           y = clamp((t + half + (acc < 0 and right > 0 ? -1 : 0)) >> right, y_min, y_max)
 *           with half = 2^(right - 1) + zero_point * 2^right, or zero_point where right is 0. t has the sign of acc except
 *           where it is 0, and then taking 1 off changes nothing.
 * Ranges    |acc| < 2^30; right in [0, 21]; so t + half fits 32 bits. Arrays are as long as whole blocks of 16 channels.
 */
#ifndef LP_SIMD_REQUANTISE_H
#define LP_SIMD_REQUANTISE_H

#include "lp_simd.h"

typedef struct {
    const int32_t *bias;        /* less zero point of x times sum of weights */
    const int32_t *bias_raised; /* less 128 times the sum of weights also, for codes that go in 128 higher */
    const int32_t *mult;
    const int32_t *half;
    const int32_t *right;
    int32_t c_out;
    int32_t y_min;
    int32_t y_max;
} lp_scales_s8_t;

/* The constants of one block in registers. */
typedef struct {
    lp_lanes mult;
    lp_lanes half;
    lp_lanes right;
    lp_lanes away; /* the sign bit where a negative tie rounds down */
} lp_scale_block;

LP_INLINE lp_scale_block lp_load_scales(const lp_scales_s8_t *scales, int32_t channel)
{
    lp_scale_block block;
    block.mult = lp_load_lanes(scales->mult + channel);
    block.half = lp_load_lanes(scales->half + channel);
    block.right = lp_load_lanes(scales->right + channel);
    block.away = (block.right > 0) & (-2147483647 - 1);
    return block;
}

LP_INLINE lp_lanes lp_requantise_lanes(lp_lanes acc, const lp_scale_block *by)
{
    const lp_lanes t = lp_high_mul_lanes(acc, by->mult) + by->half;
#if LP_AVX512
    const __mmask16 negative = _mm512_test_epi32_mask((__m512i)acc, (__m512i)by->away);
    return (lp_lanes)_mm512_mask_sub_epi32((__m512i)t, negative, (__m512i)t, _mm512_set1_epi32(1)) >> by->right;
#else
    return (t + ((acc & by->away) >> 31)) >> by->right;
#endif
}

#endif
