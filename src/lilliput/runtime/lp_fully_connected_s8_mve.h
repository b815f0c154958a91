/* lp_fully_connected_s8_mve: y = x * w^T + b, int8 in, int8 out, for the Arm vector extension.
 *
 * Layout    x[c_in], w as lp_dots_s8_mve.h says with taps = c_in, y[c_out]
 * Value     the same bytes as lp_fully_connected_s8
 * Ranges    as in lp_dots_s8_mve.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S8_MVE_H
#define LP_FULLY_CONNECTED_S8_MVE_H

#include <stdint.h>

#include "lp_dots_s8_mve.h"

typedef struct {
    lp_dots_s8_mve_t dots;
} lp_fully_connected_s8_mve_t;

void lp_fully_connected_s8_mve(const lp_fully_connected_s8_mve_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
