/* lp_mean_s8_simd: mean over up to two groups of axes, int8, for this machine's vectors.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     the same bytes as lp_mean_s8
 * Ranges    as lp_mean_s8.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MEAN_S8_SIMD_H
#define LP_MEAN_S8_SIMD_H

#include "lp_mean_s8.h"

void lp_mean_s8_simd(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
