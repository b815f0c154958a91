/* lp_max_pool_s8_simd: max pool, int8, one scale for input and output, for this machine's vectors.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     the same bytes as lp_max_pool_s8
 * Ranges    each window holds at least one element of the image.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MAX_POOL_S8_SIMD_H
#define LP_MAX_POOL_S8_SIMD_H

#include "lp_max_pool_s8.h"

void lp_max_pool_s8_simd(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
