/* lp_avg_pool_s16: average pool, int16, one scale for input and output.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     y = clamp(sum of the window's elements inside the image / their count, y_min, y_max),
 *           the quotient rounded half away from zero
 * Ranges    each window holds at least one element of the image (padding is smaller than the window); k_h * k_w < 2^16,
 *           so the sum cannot overflow.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_AVG_POOL_S16_H
#define LP_AVG_POOL_S16_H

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
} lp_avg_pool_s16_t;

void lp_avg_pool_s16(const lp_avg_pool_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
