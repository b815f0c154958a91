/* lp_taps_by_patches: unpack the patches of a convolution four at a time, input channels in fours.
 *
 * The driver of the kernels by patches, for any form of their weights: `products` multiplies up to four patches with all
 * output channels. It is a constant of each caller, so that no call goes through a pointer.
 */
#ifndef LP_TAPS_BY_PATCHES_H
#define LP_TAPS_BY_PATCHES_H

#include "lp_conv2d_s8_dsp.h"
#include "lp_patches_s8_dsp.h"

/* `count` bytes of real zeros. */
static inline uint32_t *lp_unpack_padding(int8_t zero, int32_t count, uint32_t *to)
{
    const uint32_t word = (uint8_t)zero * 0x01010101u;
    for (; count > 0; count -= 4, to += LP_PATCH_STEP) {
        lp_unpack_word(word, to);
    }
    return to;
}

/* A patch that leaves the image, or has gaps; top and left are the place of tap (0, 0). */
static inline void lp_unpack_by_taps(const lp_conv2d_s8_dsp_t *op, const int8_t *x, int32_t top, int32_t left, uint32_t *to)
{
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = left + kx * op->dilation_w;
            const int inside = row >= 0 && row < op->in_h && column >= 0 && column < op->in_w;
            to = inside ? lp_unpack_s8(x + (row * op->in_w + column) * op->c_in, op->c_in, to)
                        : lp_unpack_padding((int8_t)-op->x_offset, op->c_in, to);
        }
    }
}

static inline void lp_unpack_patch(const lp_conv2d_s8_dsp_t *op, const int8_t *x, int32_t top, int32_t left, uint32_t *to)
{
    const int32_t bottom = top + (op->kernel_h - 1) * op->dilation_h;
    if (op->dilation_w != 1 || top < 0 || bottom >= op->in_h || left < 0 || left + op->kernel_w > op->in_w) {
        lp_unpack_by_taps(op, x, top, left, to);
        return;
    }
    const int32_t step = op->dilation_h * op->in_w * op->c_in;
    const int32_t run = op->kernel_w * op->c_in;
    const int8_t *from = x + (top * op->in_w + left) * op->c_in;
    for (int32_t ky = 0; ky < op->kernel_h; ky++, from += step) {
        to = lp_unpack_s8(from, run, to);
    }
}

static inline void lp_taps_by_patches(const lp_conv2d_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                                      void *restrict scratch, lp_products_t products)
{
    uint32_t *patches = (uint32_t *)scratch;
    const lp_patches_s8_dsp_t core = {
        .w = op->w,
        .shift = op->shift,
        .c_out = op->c_out,
        .words = op->kernel_h * op->kernel_w * op->c_in / 4,
        .y_offset = op->y_offset,
        .y_min = op->y_min,
        .y_max = op->y_max,
    };
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            lp_unpack_patch(op, x, top, ox * op->stride_w - op->pad_left, patches + held);
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
