/* lp_fully_connected_s8_dsp: fully connected layer, int8 in, int8 out, for the Arm DSP instructions.
 *
 * Four output channels at a time, so that the input is unpacked once for four; the packing of weights and the sum are
 * those of lp_patches_s8_dsp.h.
 *
 * Layout    x[c_in], w: for each four channels [words][4], then for each of the c_out % 4 channels left [words], packed
 *           and filled up with zeros, words = ceil(c_in / 4); y[c_out]
 * Value     the same bytes as lp_fully_connected_s8
 * Ranges    as in lp_patches_s8_dsp.h; bias[o] is 256 times the portable one, less what is constant in the sum.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_FULLY_CONNECTED_S8_DSP_H
#define LP_FULLY_CONNECTED_S8_DSP_H

#include <stdint.h>

typedef struct {
    const uint32_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t c_in;
    int32_t c_out;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_fully_connected_s8_dsp_t;

void lp_fully_connected_s8_dsp(const lp_fully_connected_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
