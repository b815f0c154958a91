/* lp_dense_s8_s16_dsp: lp_dense_s8_s16 for the Arm DSP instructions, four output channels at a time.
 *
 * Layout    x[c_in], y[c_out]; w as in lp_fully_connected_s8_dsp.h
 * Value     the same as lp_dense_s8_s16
 * Ranges    as in lp_patches_s8_dsp.h; bias[o] is 256 times the portable one, less what is constant in the sum.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_DENSE_S8_S16_DSP_H
#define LP_DENSE_S8_S16_DSP_H

#include "lp_dense_s8_s16.h"

void lp_dense_s8_s16_dsp(const lp_dense_s8_s16_t *op, const int8_t *restrict x, int16_t *restrict y);

#endif
