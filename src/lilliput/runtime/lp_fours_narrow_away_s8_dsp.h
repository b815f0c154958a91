/* lp_fours_narrow_away_s8_dsp: four outputs of a fully connected layer at a time, from plain input, cut by the rule
 * `away`; the contract is in lp_fours_s8_dsp.h. */
#ifndef LP_FOURS_NARROW_AWAY_S8_DSP_H
#define LP_FOURS_NARROW_AWAY_S8_DSP_H

#include "lp_fours_s8_dsp.h"

extern const lp_fours_s8_dsp_t lp_fours_narrow_away_s8_dsp;

#endif
