#include "lp_conv2d_1x1_s4_dsp.h"

#include "lp_patches_s4_dsp.h"
#include "lp_pixels_by_patches.h"

void lp_conv2d_1x1_s4_dsp(const lp_conv2d_1x1_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_pixels_by_patches(op, x, y, scratch, lp_patches_s4_dsp);
}
