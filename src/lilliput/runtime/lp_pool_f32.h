/* What the float pools share: their struct, and the window of an output. */
#ifndef LP_POOL_F32_H
#define LP_POOL_F32_H

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
    float y_min;
    float y_max;
} lp_pool_f32_t;

/* The part of a window that lies in the image: its first element of the first channel, rows and columns. */
typedef struct {
    const float *x;
    int32_t rows;
    int32_t columns;
} lp_window_t;

static inline lp_window_t lp_window(const lp_pool_f32_t *op, const float *x, int32_t oy, int32_t ox)
{
    int32_t top = oy * op->stride_h - op->pad_top;
    int32_t left = ox * op->stride_w - op->pad_left;
    const int32_t bottom = top + op->k_h < op->h_in ? top + op->k_h : op->h_in;
    const int32_t right = left + op->k_w < op->w_in ? left + op->k_w : op->w_in;
    top = top > 0 ? top : 0;
    left = left > 0 ? left : 0;
    const lp_window_t window = {x + (top * op->w_in + left) * op->c, bottom - top, right - left};
    return window;
}

#endif
