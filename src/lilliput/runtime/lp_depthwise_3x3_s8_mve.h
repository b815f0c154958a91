/* lp_depthwise_3x3_s8_mve: depthwise convolution with a 3x3 kernel and no dilation, int8 in, int8 out, for the Arm
 * vector
 * extension.
 *
 * Four channels at a time. Rows of the image are copied into a ring of four rows with their padding; from 4x4 squares of
 * the ring the 16 elements of each channel are brought together. One instruction multiplies them with a 3x3 kernel that is
 * placed in the square with zeros around it: with strides of 1 a square gives two by two outputs, else one. Where the
 * outputs are odd in number, the last squares overlap others, and give the same outputs again. The squares of `bands`
 * bands of output rows are made before any of their outputs is.
 *
 * Layout    x[in_h][in_w][channels], w[channels][3 columns][3 rows], y[out_h][out_w][channels]
 * Value     acc     = bias[c] + sum over the taps of x[..][c] * w[c][..]; taps outside the image hold x_zero
 *           y[..][c] = clamp(requantise(acc, mult[c], shift[c]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x adds.
 * Ranges    |acc| < 2^31; shift in [-31, 0]; pads 0 to 2; strides are (1, 1), and then out_h and out_w 2 or more; or
 *           stride_w is 2 and stride_h 1 or 2. squares is that of `bands` bands: with strides of 1, (out_w + 1) / 2 times
 *           bands; else out_w * bands, up to a multiple of 4.
 * Memory    scratch 16 * columns + 68 * squares bytes, where columns is out_w + 2 with strides of 1, else
 *           2 * out_w + 2; scratch is aligned to 4; x and y, too, where channels is a multiple of 4; no heap.
 * Aliasing  y may equal x where each output row ends before the first image row that is read after it; then x and y have
 *           equal channels, so that each group of channels keeps to its own bytes.
 * Failure   none at run time: the compiler proves the ranges (LP312 otherwise).
 */
#ifndef LP_DEPTHWISE_3X3_S8_MVE_H
#define LP_DEPTHWISE_3X3_S8_MVE_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t in_h;
    int32_t in_w;
    int32_t channels;
    int32_t out_h;
    int32_t out_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t x_zero;
    int32_t squares;
    int32_t bands;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_depthwise_3x3_s8_mve_t;

void lp_depthwise_3x3_s8_mve(const lp_depthwise_3x3_s8_mve_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
