#include "lp_block_3x2_away_s8_dsp.h"

#include "lp_block_3x2_s8_dsp.h"

static uint32_t *lp_unpack(const int8_t *from, int32_t count, uint32_t *to)
{
    return lp_unpack_bytes(from, count, to, 3);
}

#if LP_DSP_NATIVE

LP_RUN_3X2(lp_run_blocks, LP_CUT_AWAY)

#endif

static void lp_run(const lp_block_op_t *op, const uint32_t *patches, int32_t count, int8_t *y)
{
#if LP_DSP_NATIVE
    lp_place_t at = lp_placed(op, patches, count, y, 3);
    lp_run_blocks(&at);
#else
    lp_run_in_c(op, patches, count, y, 3, 2, 1);
#endif
    lp_clamp_block(op, count, y);
}

const lp_block_s8_dsp_t lp_block_3x2_away_s8_dsp = {
    .patches = 3,
    .unpack = lp_unpack,
    .run = lp_run,
};
