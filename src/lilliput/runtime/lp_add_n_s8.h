/* lp_add_n_s8: sum of up to 8 int8 values of one scale.
 *
 * Layout    x0[n] ... x7[n], y[n]; only the first `count` are looked at
 * Value     y = clamp(lp_wide_sum(start + x0 + x1 + ..., mult, right) + y_offset, -128, 127)
 * Ranges    as lp_wide_sum.h.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be any of the inputs; inputs may be one.
 * Failure   none at run time.
 */
#ifndef LP_ADD_N_S8_H
#define LP_ADD_N_S8_H

#include <stdint.h>

typedef struct {
    int32_t count;
    int32_t n;
    int32_t start;
    int32_t mult;
    int32_t right;
    int32_t y_offset;
} lp_add_n_s8_t;

void lp_add_n_s8(const lp_add_n_s8_t *op, const int8_t *x0, const int8_t *x1, const int8_t *x2, const int8_t *x3,
                 const int8_t *x4, const int8_t *x5, const int8_t *x6, const int8_t *x7, int8_t *y);

#endif
