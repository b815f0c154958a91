/* lp_dots_s8: a row of int8, multiplied with all output channels: what the portable convolutions but the depthwise, and
 * fully connected layers, are made of.
 *
 * Four channels at a time, so that each element of the row is loaded once for four products. The weights are bytes of
 * w + 128, which every core loads in one instruction; what they add, 128 times the sum of the row, is taken off again.
 *
 * Layout    x[taps], y[c_out]; w: for each four channels [taps][4], then the c_out % 4 last channels, [taps] each
 * Value     acc  = bias[o] + sum of x[i] * (w[o][i] - 128)
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x adds, and acc may wrap on its way.
 * Ranges    |acc| * 2^max(shift, 0) < 2^31; where is_plain is not 0, |acc| < 2^30 and shift < 0
 * Memory    no scratch, no heap.
 * Aliasing  y overlaps nothing.
 */
#ifndef LP_DOTS_S8_H
#define LP_DOTS_S8_H

#include <stdint.h>

typedef struct {
    const uint8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t taps;
    int32_t c_out;
    int32_t is_plain;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_dots_s8_t;

void lp_dots_s8(const lp_dots_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
