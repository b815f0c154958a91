/* lp_layer_norm_f32: normalisation of each row to mean 0 and variance 1, then scaled and moved.
 *
 * Layout    x[rows][c], y[rows][c], gamma[c], beta[c]
 * Value     y_i = gamma_i * (x_i - mean) / sqrt(variance + epsilon) + beta_i
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_LAYER_NORM_F32_H
#define LP_LAYER_NORM_F32_H

#include <stdint.h>

typedef struct {
    const float *gamma;
    const float *beta;
    int32_t rows;
    int32_t c;
    float epsilon;
} lp_layer_norm_f32_t;

void lp_layer_norm_f32(const lp_layer_norm_f32_t *op, const float *x, float *y);

#endif
