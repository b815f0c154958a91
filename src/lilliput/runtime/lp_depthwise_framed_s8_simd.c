#include "lp_depthwise_framed_s8_simd.h"

void lp_depthwise_framed_s8_simd(const lp_depthwise_framed_s8_simd_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_frame_s8(&op->frame, x, (int8_t *)scratch);
    lp_depthwise_s8_simd(&op->inner, (const int8_t *)scratch, y);
}
