/* lp_conv2d_stem_s4_dsp: 2-D convolution, any number of input channels; int8 in, int8 out, weights of 4 bits, for the Arm DSP instructions.
 *
 * Layout    as lp_conv2d_stem_s8_dsp, but w[c_out][1 + ceil(words / 2) + 1] as lp_patches_s4_dsp.h says
 * Value     the same bytes as lp_conv2d_stem_s8_dsp with those weights in int8
 * Ranges    as there
 * Memory    scratch as there for an even number of words; no heap.
 * Aliasing  as there.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_CONV2D_STEM_S4_DSP_H
#define LP_CONV2D_STEM_S4_DSP_H

#include "lp_conv2d_stem_s8_dsp.h"

void lp_conv2d_stem_s4_dsp(const lp_conv2d_stem_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                           void *restrict scratch);

#endif
