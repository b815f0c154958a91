/* lp_block_4x1_floor_s8_dsp: blocks of 4 patches and 1 output channel(s), cut by the rule `floor`; the contract is in
 * lp_block_s8_dsp.h. */
#ifndef LP_BLOCK_4X1_FLOOR_S8_DSP_H
#define LP_BLOCK_4X1_FLOOR_S8_DSP_H

#include "lp_block_s8_dsp.h"

extern const lp_block_s8_dsp_t lp_block_4x1_floor_s8_dsp;

#endif
