/* lp_block_3x2_floor_s8_dsp: blocks of 3 patches and 2 output channel(s), cut by the rule `floor`; the contract is in
 * lp_block_s8_dsp.h. */
#ifndef LP_BLOCK_3X2_FLOOR_S8_DSP_H
#define LP_BLOCK_3X2_FLOOR_S8_DSP_H

#include "lp_block_s8_dsp.h"

extern const lp_block_s8_dsp_t lp_block_3x2_floor_s8_dsp;

#endif
