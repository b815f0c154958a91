#include "lp_fours_wide_away_s8_dsp.h"

#include "lp_fours_parts_s8_dsp.h"

#if LP_DSP_NATIVE

LP_RUN_FOURS(lp_run, LP_INPUT_WIDE, LP_CUT_AWAY, LP_HALF_AWAY)

#else

static void lp_run(lp_fours_t *at)
{
    lp_fours_in_c(at, 1, 1);
}

#endif

const lp_fours_s8_dsp_t lp_fours_wide_away_s8_dsp = {.run = lp_run};
