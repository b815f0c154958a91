/* lp_avg_pool_s8_simd: average pool, int8, one scale for input and output, for this machine's vectors.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     the same bytes as lp_avg_pool_s8. The quotient is taken in single precision: with half the count added its
 *           magnitude is below 129, so it is rounded to within 2^-17, which is less than the 1 / count that lies between
 *           it and the next whole number away from zero.
 * Ranges    each window holds at least one element of the image; k_h * k_w <= 2^16, so every sum is exact in single
 *           precision.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_AVG_POOL_S8_SIMD_H
#define LP_AVG_POOL_S8_SIMD_H

#include "lp_avg_pool_s8.h"

void lp_avg_pool_s8_simd(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
