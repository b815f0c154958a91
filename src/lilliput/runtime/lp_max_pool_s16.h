/* lp_max_pool_s16: max pool, int16, one scale for input and output.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     y = clamp(largest of the window's elements inside the image, y_min, y_max)
 * Ranges    each window holds at least one element of the image (padding is smaller than the window).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MAX_POOL_S16_H
#define LP_MAX_POOL_S16_H

#include <stdint.h>

typedef struct {
    int32_t h_in;
    int32_t w_in;
    int32_t c;
    int32_t h_out;
    int32_t w_out;
    int32_t k_h;
    int32_t k_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t y_min;
    int32_t y_max;
} lp_max_pool_s16_t;

void lp_max_pool_s16(const lp_max_pool_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
