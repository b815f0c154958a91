#include "lp_conv2d_s16_dsp.h"

#include "lp_patches_s16_dsp.h"

/* A patch that leaves the image, or has gaps; top and left are the place of tap (0, 0). */
static int32_t lp_unfold_by_taps(const lp_conv2d_s16_dsp_t *op, const int16_t *x, int32_t top, int32_t left,
                                 int16_t *patch)
{
    int32_t at = 0;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = left + kx * op->dilation_w;
            const int inside = row >= 0 && row < op->in_h && column >= 0 && column < op->in_w;
            at = inside ? lp_unfold_s16(x + (row * op->in_w + column) * op->c_in, op->c_in, patch, at)
                        : lp_unfold_zeros_s16(op->c_in, patch, at);
        }
    }
    return at;
}

static void lp_unfold_patch(const lp_conv2d_s16_dsp_t *op, const int16_t *x, int32_t top, int32_t left, int16_t *patch)
{
    const int32_t bottom = top + (op->kernel_h - 1) * op->dilation_h;
    int32_t at = 0;
    if (op->dilation_w != 1 || top < 0 || bottom >= op->in_h || left < 0 || left + op->kernel_w > op->in_w) {
        at = lp_unfold_by_taps(op, x, top, left, patch);
    } else {
        const int32_t step = op->dilation_h * op->in_w * op->c_in;
        const int16_t *from = x + (top * op->in_w + left) * op->c_in;
        for (int32_t ky = 0; ky < op->kernel_h; ky++, from += step) {
            at = lp_unfold_s16(from, op->kernel_w * op->c_in, patch, at);
        }
    }
    (void)lp_unfold_zeros_s16(-at & 3, patch, at);
}

void lp_conv2d_s16_dsp(const lp_conv2d_s16_dsp_t *op, const int16_t *x, int16_t *y, void *scratch)
{
    int16_t *patches = (int16_t *)scratch;
    const lp_patches_s16_dsp_t core = {
        .w = op->w,
        .bias = op->bias,
        .bias_high = op->bias_high,
        .mult = op->mult,
        .code = op->code,
        .c_out = op->c_out,
        .quads = (op->kernel_h * op->kernel_w * op->c_in + 3) / 4,
        .block = op->block,
        .y_min = op->y_min,
        .y_max = op->y_max,
    };
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            lp_unfold_patch(op, x, top, ox * op->stride_w - op->pad_left, patches + 4 * held);
            if (++held == 4) {
                lp_patches_s16_dsp(&core, patches, held, y);
                y += held * op->c_out;
                held = 0;
            }
        }
    }
    if (held > 0) {
        lp_patches_s16_dsp(&core, patches, held, y);
    }
}
