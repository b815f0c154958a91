#include "lp_conv2d_patches_f32.h"

/* The loops as written in the definition. Weights are read as [c_out][kernel_h][kernel_w][c_in]. */
void lp_conv2d_patches_f32(const lp_conv2d_patches_f32_t *op, const float *restrict x, float *restrict y, void *scratch)
{
    (void)scratch;
    for (int32_t place = 0; place < op->rows.rows; place++) {
        for (int32_t o = 0; o < op->rows.c_out; o++) {
            float sum = op->rows.bias[o];
            for (int32_t ky = 0; ky < op->kernel_h; ky++) {
                const int32_t row = place / op->out_w * op->stride_h - op->pad_top + ky * op->dilation_h;
                for (int32_t kx = 0; kx < op->kernel_w; kx++) {
                    const int32_t column = place % op->out_w * op->stride_w - op->pad_left + kx * op->dilation_w;
                    if (row < 0 || row >= op->in_h || column < 0 || column >= op->in_w) {
                        continue;
                    }
                    const float *from = x + (row * op->in_w + column) * op->c_in;
                    const float *w = op->rows.w + ((o * op->kernel_h + ky) * op->kernel_w + kx) * op->c_in;
                    for (int32_t i = 0; i < op->c_in; i++) {
                        sum += from[i] * w[i];
                    }
                }
            }
            sum = sum < op->rows.y_min ? op->rows.y_min : sum;
            *y++ = sum > op->rows.y_max ? op->rows.y_max : sum;
        }
    }
}
