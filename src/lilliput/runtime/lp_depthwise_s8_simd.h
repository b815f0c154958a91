/* lp_depthwise_s8_simd: depthwise 2-D convolution (one kernel a channel) without padding, int8 in, int8 out, for this
 * machine's vectors.
 *
 * Four rows of one column of the window make the four bytes of a lane's word, so a column of up to four rows costs one
 * dot product, and neighbouring outputs share the words. Where 1, 2, 4 or 8 channels are all there are and the stride is
 * 1, the lanes of one "output" are all channels of 16, 8, 4 or 2 neighbours.
 *
 * Layout    x[..]: output (i, j) of lane c reads rows i * y_step + ky * row_step, columns j * x_step + kx * tap_step,
 *           all + c; w[blocks][quads][taps][16][4] with kernel row 4 * quad + byte, zeros behind the last row and the last
 *           channel, quads = ceil(rows / 4). y[out_h] rows of row_bytes, of out_w outputs of c_out lanes each, of which the
 *           last may be cut short.
 * Value     acc = bias[o] + sum of x * w[o]; y as in lp_simd_requantise.h
 * Ranges    as in lp_simd_requantise.h; 16 bytes may be read from every place of x that the last block of channels names.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_DEPTHWISE_S8_SIMD_H
#define LP_DEPTHWISE_S8_SIMD_H

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
    int32_t row_bytes;
} lp_depthwise_s8_simd_t;

void lp_depthwise_s8_simd(const lp_depthwise_s8_simd_t *op, const int8_t *x, int8_t *y);

#endif
