/* lp_fully_connected_s16_dsp: fully connected layer, int16 in, int8 weights, int16 out, for the Arm DSP instructions.
 *
 * Four output channels at a time, so that the input is read once for four.
 *
 * Layout    x[c_in], w: for each four channels [quads][4], then for each of the c_out % 4 channels left [quads], the
 *           words those of lp_patches_s16_dsp.h, quads = ceil(c_in / 4); y[c_out]
 * Value     the same as lp_fully_connected_s16
 * Ranges    as in lp_patches_s16_dsp.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges.
 */
#ifndef LP_FULLY_CONNECTED_S16_DSP_H
#define LP_FULLY_CONNECTED_S16_DSP_H

#include <stdint.h>

typedef struct {
    const uint32_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
    int32_t block;
    int32_t c_in;
    int32_t c_out;
    int32_t y_min;
    int32_t y_max;
} lp_fully_connected_s16_dsp_t;

void lp_fully_connected_s16_dsp(const lp_fully_connected_s16_dsp_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
