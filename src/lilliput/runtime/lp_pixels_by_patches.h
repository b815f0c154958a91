/* lp_pixels_by_patches: unpack the pixels of a pointwise convolution four at a time.
 *
 * The driver of the kernels by patches, for any form of their weights: `products` multiplies up to four patches with all
 * output channels. It is a constant of each caller, so that no call goes through a pointer.
 */
#ifndef LP_PIXELS_BY_PATCHES_H
#define LP_PIXELS_BY_PATCHES_H

#include "lp_conv2d_1x1_s8_dsp.h"
#include "lp_patches_s8_dsp.h"

static inline void lp_pixels_by_patches(const lp_conv2d_1x1_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch,
                                        lp_products_t products)
{
    uint32_t *patches = (uint32_t *)scratch;
    const lp_patches_s8_dsp_t core = {
        .w = op->w,
        .shift = op->shift,
        .c_out = op->c_out,
        .words = (op->c_in + 3) / 4,
        .y_offset = op->y_offset,
        .y_min = op->y_min,
        .y_max = op->y_max,
    };
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int8_t *pixel = x + oy * op->stride_h * op->in_w * op->c_in;
        for (int32_t ox = 0; ox < op->out_w; ox++, pixel += op->stride_w * op->c_in) {
            lp_unpack_s8(pixel, op->c_in, patches + held);
            if (++held == 4) {
                products(&core, patches, held, y);
                y += held * op->c_out;
                held = 0;
            }
        }
    }
    if (held > 0) {
        products(&core, patches, held, y);
    }
}

#endif
