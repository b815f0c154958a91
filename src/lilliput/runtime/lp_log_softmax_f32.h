/* lp_log_softmax_f32: the logarithm of softmax over the last axis.
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     y_i = x_i - m - log sum e^(x_j - m), m the largest of the row
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_LOG_SOFTMAX_F32_H
#define LP_LOG_SOFTMAX_F32_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
} lp_log_softmax_f32_t;

void lp_log_softmax_f32(const lp_log_softmax_f32_t *op, const float *x, float *y);

#endif
