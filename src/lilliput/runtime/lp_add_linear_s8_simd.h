/* lp_add_linear_s8_simd: sum or difference of two int8 values, each element shared along some axes, as one linear form,
 * for this machine's vectors.
 *
 * Layout, value, ranges, aliasing   as lp_add_linear_s8
 * Memory    scratch 0 bytes; no heap.
 * Failure   none at run time: where no such coefficients are found, lp_add_s8 is called instead.
 */
#ifndef LP_ADD_LINEAR_S8_SIMD_H
#define LP_ADD_LINEAR_S8_SIMD_H

#include "lp_add_linear_s8.h"

void lp_add_linear_s8_simd(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
