/* A sum of int8 steps brought to the scale of the output, as lp_cumsum_s8 and lp_add_n_s8 do.
 *
 * Value     t = (sum * 2^19 * mult + 2^30) >> 31, which is (sum * mult + 2^11) >> 12
 *           y = t / 2^right, round half away from zero, cut off at 2^16
 * Ranges    |sum| < 2^24; mult in [2^30, 2^31) or 0; right in [0, 31].
 */
#ifndef LP_WIDE_SUM_H
#define LP_WIDE_SUM_H

#include <stdint.h>

static inline int32_t lp_wide_sum(int32_t sum, int32_t mult, int32_t right)
{
    const int64_t t = ((int64_t)sum * mult + (1 << 11)) >> 12;
    const int64_t half = ((int64_t)1 << right) >> 1;
    const int64_t away = t < 0 && right > 0 ? -1 : 0;
    const int64_t y = (t + half + away) >> right;
    return y > 65536 ? 65536 : (y < -65536 ? -65536 : (int32_t)y);
}

#endif
