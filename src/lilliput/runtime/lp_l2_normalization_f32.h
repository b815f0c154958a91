/* lp_l2_normalization_f32: normalisation to length 1 along the last axis.
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     y_i = x_i / sqrt(epsilon + sum of x_j^2)
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_L2_NORMALIZATION_F32_H
#define LP_L2_NORMALIZATION_F32_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
    float epsilon;
} lp_l2_normalization_f32_t;

void lp_l2_normalization_f32(const lp_l2_normalization_f32_t *op, const float *x, float *y);

#endif
