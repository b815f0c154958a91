/* lp_fours_wide_away_s8_dsp: four outputs of a fully connected layer at a time, from unpacked input, cut by the rule
 * `away`; the contract is in lp_fours_s8_dsp.h. */
#ifndef LP_FOURS_WIDE_AWAY_S8_DSP_H
#define LP_FOURS_WIDE_AWAY_S8_DSP_H

#include "lp_fours_s8_dsp.h"

extern const lp_fours_s8_dsp_t lp_fours_wide_away_s8_dsp;

#endif
