#include "lp_taps_s2_away_s8_dsp.h"

#include "lp_taps_3x3_parts_s8_dsp.h"

#if LP_DSP_NATIVE

LP_RUN_TAPS_2(lp_run, LP_CUT_AWAY)

#else

static void lp_run(lp_taps_3x3_t *at)
{
    lp_taps_in_c(at, 1, 2, 1);
}

#endif

const lp_taps_3x3_s8_dsp_t lp_taps_s2_away_s8_dsp = {
    .stride = 2,
    .run = lp_run,
};
