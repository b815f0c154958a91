#include "lp_conv2d_s8_dsp.h"

#include "lp_patches_s8_dsp.h"
#include "lp_taps_by_patches.h"

void lp_conv2d_s8_dsp(const lp_conv2d_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                      void *restrict scratch)
{
    lp_taps_by_patches(op, x, y, scratch, lp_patches_s8_dsp);
}
