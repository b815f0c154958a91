/* lp_taps_s2_away_s8_dsp: the outputs of a depthwise 3x3 convolution with stride 2, cut by the rule `away`; the
 * contract is in lp_taps_3x3_s8_dsp.h. */
#ifndef LP_TAPS_S2_AWAY_S8_DSP_H
#define LP_TAPS_S2_AWAY_S8_DSP_H

#include "lp_taps_3x3_s8_dsp.h"

extern const lp_taps_3x3_s8_dsp_t lp_taps_s2_away_s8_dsp;

#endif
