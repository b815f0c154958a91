/* lp_fully_connected_wide_s8_dsp: fully connected layer, int8 in, int8 out, for the Arm DSP instructions.
 *
 * The input is unpacked once, for all channels. Four channels at a time (lp_fours_s8_dsp.h).
 *
 * Layout    x[c_in], w and code as lp_fours_s8_dsp.h says for `core`, filled up with channels of zeros to whole fours,
 *           words = ceil(c_in / 4); y[c_out]
 * Value     the same bytes as lp_fully_connected_s8
 * Ranges    as in lp_fours_s8_dsp.h
 * Memory    scratch 8 * words bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses another kernel where they do not hold.
 */
#ifndef LP_FULLY_CONNECTED_WIDE_S8_DSP_H
#define LP_FULLY_CONNECTED_WIDE_S8_DSP_H

#include "lp_fours_s8_dsp.h"

typedef struct {
    const lp_fours_s8_dsp_t *core;
    const uint32_t *w;
    const uint8_t *code;
    int32_t c_in;
    int32_t c_out;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_fully_connected_wide_s8_dsp_t;

void lp_fully_connected_wide_s8_dsp(const lp_fully_connected_wide_s8_dsp_t *op, const int8_t *restrict x,
                                    int8_t *restrict y, void *restrict scratch);

#endif
