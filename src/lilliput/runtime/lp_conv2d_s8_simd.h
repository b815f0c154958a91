/* lp_conv2d_s8_simd: 2-D convolution without padding, or fully connected layer, int8 in, int8 out, for this machine's
 * vectors.
 *
 * A tile of output pixels times blocks of 16 channels is summed in registers, straight from the image: a patch is some
 * runs of neighbouring bytes, since channels are last.
 *
 * Layout    x[..]: output pixel (i, j) starts at i * y_step + j * x_step; its patch is `rows` x `taps` runs of 4 * words
 *           bytes, row_step and tap_step apart. w[blocks][rows][taps][words][16][4] with zeros behind the last channel
 *           and behind the last tap of a run; up to 8 channels lie in w and scales twice, 8 lanes apart.
 *           y[out_h][out_w][c_out]
 * Value     acc = bias[o] + sum of x * w[o]; y as in lp_simd_requantise.h
 * Ranges    as in lp_simd_requantise.h; every run lies inside x. Partial sums may wrap, the last one does not.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_CONV2D_S8_SIMD_H
#define LP_CONV2D_S8_SIMD_H

#include <stdint.h>

#include "lp_simd_requantise.h"

typedef struct {
    const int8_t *w;
    lp_scales_s8_t scales;
    int32_t out_h;
    int32_t out_w;
    int32_t y_step;
    int32_t x_step;
    int32_t rows;
    int32_t row_step;
    int32_t taps;
    int32_t tap_step;
    int32_t words;
} lp_conv2d_s8_simd_t;

void lp_conv2d_s8_simd(const lp_conv2d_s8_simd_t *op, const int8_t *x, int8_t *y);

#endif
