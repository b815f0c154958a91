/* lp_fully_connected_s8_rvv: y = x * w^T + b, int8 in, int8 out, for the vector extension of RISC-V.
 *
 * Layout    x[c_in], w as lp_dots_s8_rvv.h says with taps = c_in, y[c_out]
 * Value     the same bytes as lp_fully_connected_s8
 * Ranges    as in lp_dots_s8_rvv.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S8_RVV_H
#define LP_FULLY_CONNECTED_S8_RVV_H

#include <stdint.h>

#include "lp_dots_s8_rvv.h"

typedef struct {
    lp_dots_s8_rvv_t dots;
} lp_fully_connected_s8_rvv_t;

void lp_fully_connected_s8_rvv(const lp_fully_connected_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
