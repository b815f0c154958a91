/* lp_softmax_f32: softmax over the last axis.
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     y_i = e^(x_i - m) / sum e^(x_j - m), m the largest of the row
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_SOFTMAX_F32_H
#define LP_SOFTMAX_F32_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
} lp_softmax_f32_t;

void lp_softmax_f32(const lp_softmax_f32_t *op, const float *x, float *y);

#endif
