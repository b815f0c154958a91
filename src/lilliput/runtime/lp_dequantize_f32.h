/* lp_dequantize_f32: the real numbers that integers stand for.
 *
 * Layout    x[n], int8 (kind 0), uint8 (1) or int16 (2); y[n]
 * Value     y = scale * (x + x_offset)
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_DEQUANTIZE_F32_H
#define LP_DEQUANTIZE_F32_H

#include <stdint.h>

typedef struct {
    float scale;
    int32_t x_offset;
    int32_t kind;
    int32_t n;
} lp_dequantize_f32_t;

void lp_dequantize_f32(const lp_dequantize_f32_t *op, const void *x, float *y);

#endif
