/* lp_spike_pool_u8: the maximum over a window of trains of spikes: a spike at each step at which one of them has one.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     y = bitwise or of the trains of the window that lie in the image
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  they do not overlap.
 * Failure   none at run time. Padding is smaller than the window.
 */
#ifndef LP_SPIKE_POOL_U8_H
#define LP_SPIKE_POOL_U8_H

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
} lp_spike_pool_u8_t;

void lp_spike_pool_u8(const lp_spike_pool_u8_t *op, const uint8_t *restrict x, uint8_t *restrict y);

#endif
