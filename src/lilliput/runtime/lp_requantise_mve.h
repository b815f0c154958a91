/* Requantisation of four accumulators at once, with the instructions of lp_mve.h.
 *
 * Value     the same as lp_requantise (lp_fixed_point.h) in each lane. The doubling multiply that returns the high half
 *           is its first rounding. The rounding shift of the vector unit rounds halves up; for a negative number, halves
 *           away from zero is the same as halves up of the number less one, because it is an integer: only a half moves.
 * Ranges    as lp_requantise. "right": shift in [-31, -1]; "down": shift in [-31, 0]; else any shift.
 */
#ifndef LP_REQUANTISE_MVE_H
#define LP_REQUANTISE_MVE_H

#include <stdint.h>

#include "lp_mve.h"

/* Lanes of different channels, every shift below 0. */
static inline lp_s32x4 lp_vrequantise_right(lp_s32x4 acc, lp_s32x4 mult, lp_s32x4 shift)
{
    return lp_vround_shift(lp_vadd_n_negative(lp_vhigh_mul(acc, mult), -1), shift);
}

/* Lanes of different channels, any shift. */
static inline lp_s32x4 lp_vrequantise(lp_s32x4 acc, lp_s32x4 mult, lp_s32x4 shift)
{
    const lp_s32x4 zero = lp_vsplat(0);
    const lp_s32x4 right = lp_vmin(shift, zero);
    const lp_s32x4 t = lp_vhigh_mul(lp_vshift(acc, lp_vmax(shift, zero)), mult);
    return lp_vround_shift(lp_vadd(t, lp_vnegative(lp_vand(t, right))), right);
}

/* Lanes of one channel, shift 0 or less; away is -1 where shift is below 0, else 0. */
static inline lp_s32x4 lp_vrequantise_down(lp_s32x4 acc, int32_t mult, int32_t shift, int32_t away)
{
    return lp_vround_shift_n(lp_vadd_n_negative(lp_vhigh_mul_n(acc, mult), away), shift);
}

/* `count` bytes to where they do not overlap. */
static inline void lp_vcopy(int8_t *restrict to, const int8_t *restrict from, int32_t count)
{
    for (; count > 0; count -= 16, to += 16, from += 16) {
        lp_vstore_s8_first(to, lp_vload_s8_first(from, count), count);
    }
}

static inline void lp_vfill(int8_t *to, int32_t value, int32_t count)
{
    const lp_s8x16 v = lp_vsplat_s8(value);
    for (; count > 0; count -= 16, to += 16) {
        lp_vstore_s8_first(to, v, count);
    }
}

/* A clamp narrower than int8, on outputs that lie together. */
static inline void lp_vclamp_run(int8_t *y, int32_t count, int32_t low, int32_t high)
{
    if (low > -128 || high < 127) {
        const lp_s8x16 least = lp_vsplat_s8(low);
        const lp_s8x16 most = lp_vsplat_s8(high);
        for (; count > 0; count -= 16, y += 16) {
            lp_vstore_s8_first(y, lp_vmin_s8(lp_vmax_s8(lp_vload_s8_first(y, count), least), most), count);
        }
    }
}

#endif
