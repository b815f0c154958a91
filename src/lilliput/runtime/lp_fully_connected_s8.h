/* lp_fully_connected_s8: y = x * w^T + b, int8 in, int8 out.
 *
 * Layout    x[c_in], w as lp_dots_s8.h says with taps = c_in, y[c_out]
 * Value     acc  = bias[o] + sum of x[i] * w[o][i]
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    as in lp_dots_s8.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S8_H
#define LP_FULLY_CONNECTED_S8_H

#include <stdint.h>

#include "lp_dots_s8.h"

typedef struct {
    lp_dots_s8_t dots;
} lp_fully_connected_s8_t;

void lp_fully_connected_s8(const lp_fully_connected_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
