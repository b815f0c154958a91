/* lp_patches_s4_dsp: lp_patches_s8_dsp with weights of 4 bits.
 *
 * Two words of four weights lie in one: weight i of the first is nibble 2 * i, weight i of the second nibble 2 * i + 1,
 * each plus 8. So both come out with one mask as words of bytes from 0 to 15, which need no care for signs, and are used
 * as there. What the 8s add is the same for all channels: 8 times the sum for weights of 1. It is computed once a patch.
 *
 * Layout    w[c_out][1 + pairs + 1]: bias as there, the weights, mult; pairs = ceil(words / 2);
 *           patches[2 * pairs][2][4] as there: where words is odd, whatever the last word holds counts for nothing
 * Value     as there
 * Ranges    weights in [-8, 7]; |acc / 256| < 2^23; shift codes as in lp_requantise_x256.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps neither patches nor constants.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_PATCHES_S4_DSP_H
#define LP_PATCHES_S4_DSP_H

#include "lp_patches_s8_dsp.h"

void lp_patches_s4_dsp(const lp_patches_s8_dsp_t *op, const uint32_t *patches, int32_t count, int8_t *y);

#endif
