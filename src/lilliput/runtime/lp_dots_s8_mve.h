/* lp_dots_s8_mve: some rows of int8, each multiplied with all output channels, for the Arm vector extension.
 *
 * The products that all convolutions but the depthwise, and fully connected layers, are made of. Four channels at a time:
 * one load of 16 elements of a row meets four loads of weights, each pair is one instruction of 16 multiplications. The
 * channels are the outer loop, so that what depends on them is loaded once for all rows.
 *
 * Layout    x[rows][taps], the rows `step` bytes apart; y[rows][c_out], the rows y_step bytes apart.
 *           w: for each four channels, for each 16 taps, 16 weights of each of the four; then the taps % 16 last weights
 *           of each of the four; after the last channel zeros, so that 16 bytes can be read from any weight. Channels
 *           are filled up to fours with zeros, in bias, mult (0) and shift (-1) too.
 * Value     acc  = bias[o] + sum of x[i] * w[o][i]
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x adds, and acc may wrap on its way.
 * Ranges    |acc| * 2^max(shift, 0) < 2^31. is_plain is 1 where c_out is a multiple of 4 and every shift is below 0.
 * Memory    no scratch, no heap.
 * Aliasing  y overlaps nothing.
 */
#ifndef LP_DOTS_S8_MVE_H
#define LP_DOTS_S8_MVE_H

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
} lp_dots_s8_mve_t;

void lp_dots_s8_mve(const lp_dots_s8_mve_t *op, const int8_t *x, int32_t step, int32_t rows, int8_t *y);

#endif
