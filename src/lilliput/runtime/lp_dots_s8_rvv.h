/* lp_dots_s8_rvv: some rows of int8, each multiplied with all output channels, for the vector extension of RISC-V.
 *
 * The products that all convolutions but the depthwise, and fully connected layers, are made of. The lanes of a vector
 * are output channels: a vector of weights, widened once, is multiplied with one element of each of several rows and
 * added to their sums, without a reduction at the end and whatever the length of a vector is.
 *
 * Layout    x[rows][taps], the rows `step` bytes apart; y[rows][c_out], the rows y_step bytes apart; w[taps][c_out]
 * Value     acc  = bias[o] + sum of x[i] * w[i][o]
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x adds, and acc may wrap on its way.
 * Ranges    |acc| * 2^max(shift, 0) < 2^31. is_plain is 1 where every shift is below 0.
 * Memory    no scratch, no heap.
 * Aliasing  y overlaps nothing.
 */
#ifndef LP_DOTS_S8_RVV_H
#define LP_DOTS_S8_RVV_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t taps;
    int32_t c_out;
    int32_t is_plain;
    int32_t y_step;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_dots_s8_rvv_t;

void lp_dots_s8_rvv(const lp_dots_s8_rvv_t *op, const int8_t *x, int32_t step, int32_t rows, int8_t *y);

#endif
