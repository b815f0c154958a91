/* lp_conv2d_framed_s8_simd: 2-D convolution with padding, int8 in, int8 out, for this machine's vectors.
 *
 * The image is copied into a frame of its zero point (lp_frame_s8.h), then lp_conv2d_s8_simd runs over the frame.
 *
 * Layout, value, ranges   as of those two, with the frame as x of the second.
 * Memory    scratch: the frame with its slack; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_CONV2D_FRAMED_S8_SIMD_H
#define LP_CONV2D_FRAMED_S8_SIMD_H

#include "lp_conv2d_s8_simd.h"
#include "lp_frame_s8.h"

typedef struct {
    lp_frame_s8_t frame;
    lp_conv2d_s8_simd_t inner;
} lp_conv2d_framed_s8_simd_t;

void lp_conv2d_framed_s8_simd(const lp_conv2d_framed_s8_simd_t *op, const int8_t *x, int8_t *y, void *scratch);

#endif
