/* lp_quantize_f32: real numbers to integers of one or two bytes.
 *
 * Layout    x[n], y[n]; elements of y have `item` bytes
 * Value     y = clamp(x / scale rounded half away from zero + y_offset, y_min, y_max); not a number counts as the lowest
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may lie on x, from the same address on; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_QUANTIZE_F32_H
#define LP_QUANTIZE_F32_H

#include <stdint.h>

typedef struct {
    float scale;
    int32_t n;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
    int32_t item;
} lp_quantize_f32_t;

void lp_quantize_f32(const lp_quantize_f32_t *op, const float *x, void *y);

#endif
