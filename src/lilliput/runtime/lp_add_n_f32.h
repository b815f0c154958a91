/* lp_add_n_f32: the sum of 2 to 8 values of one shape.
 *
 * Value     y = x0 + x1 + ..., `count` of them, in this order; operands beyond it are not looked at
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal any of them; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_ADD_N_F32_H
#define LP_ADD_N_F32_H

#include <stdint.h>

typedef struct {
    int32_t count;
    int32_t n;
} lp_add_n_f32_t;

void lp_add_n_f32(const lp_add_n_f32_t *op, const float *x0, const float *x1, const float *x2, const float *x3,
                  const float *x4, const float *x5, const float *x6, const float *x7, float *y);

#endif
