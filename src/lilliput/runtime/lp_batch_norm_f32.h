/* lp_batch_norm_f32: a factor and an offset for each channel.
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     y = (x - mean[c]) * scale[c] + offset[c]
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_BATCH_NORM_F32_H
#define LP_BATCH_NORM_F32_H

#include <stdint.h>

typedef struct {
    const float *mean;
    const float *scale;
    const float *offset;
    int32_t rows;
    int32_t c;
} lp_batch_norm_f32_t;

void lp_batch_norm_f32(const lp_batch_norm_f32_t *op, const float *x, float *y);

#endif
