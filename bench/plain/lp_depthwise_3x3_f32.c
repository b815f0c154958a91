#include "lp_depthwise_3x3_f32.h"

/* The loops as written in the definition. */
void lp_depthwise_3x3_f32(const lp_depthwise_3x3_f32_t *op, const float *x, float *y, void *scratch)
{
    (void)scratch;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            for (int32_t c = 0; c < op->channels; c++) {
                float sum = op->bias[c];
                for (int32_t ky = 0; ky < 3; ky++) {
                    const int32_t row = oy * op->stride_h - op->pad_top + ky;
                    for (int32_t kx = 0; kx < 3; kx++) {
                        const int32_t column = ox * op->stride_w - op->pad_left + kx;
                        if (row < 0 || row >= op->in_h || column < 0 || column >= op->in_w) {
                            continue;
                        }
                        sum += x[(row * op->in_w + column) * op->channels + c] * op->w[9 * c + 3 * ky + kx];
                    }
                }
                sum = sum < op->y_min ? op->y_min : sum;
                y[(oy * op->out_w + ox) * op->channels + c] = sum > op->y_max ? op->y_max : sum;
            }
        }
    }
}
