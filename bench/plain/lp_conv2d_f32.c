#include "lp_conv2d_f32.h"

/* The loops as written in the definition. Weights are read as [c_out][kernel_h][kernel_w][depth]. */
void lp_conv2d_f32(const lp_conv2d_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t depth = op->c_in / op->groups;
    const int32_t width = op->c_out / op->groups;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            for (int32_t o = 0; o < op->c_out; o++) {
                float sum = op->bias[o];
                for (int32_t ky = 0; ky < op->kernel_h; ky++) {
                    const int32_t row = oy * op->stride_h - op->pad_top + ky * op->dilation_h;
                    for (int32_t kx = 0; kx < op->kernel_w; kx++) {
                        const int32_t column = ox * op->stride_w - op->pad_left + kx * op->dilation_w;
                        if (row < 0 || row >= op->in_h || column < 0 || column >= op->in_w) {
                            continue;
                        }
                        const float *from = x + (row * op->in_w + column) * op->c_in + o / width * depth;
                        const float *w = op->w + ((o * op->kernel_h + ky) * op->kernel_w + kx) * depth;
                        for (int32_t i = 0; i < depth; i++) {
                            sum += from[i] * w[i];
                        }
                    }
                }
                sum = sum < op->y_min ? op->y_min : sum;
                *y++ = sum > op->y_max ? op->y_max : sum;
            }
        }
    }
}
