#include "lp_l2_normalization_f32.h"

#include "lp_sqrtf.h"

void lp_l2_normalization_f32(const lp_l2_normalization_f32_t *op, const float *x, float *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        float sum = op->epsilon;
        for (int32_t i = 0; i < op->c; i++) {
            sum += x[i] * x[i];
        }
        const float factor = 1.0f / lp_sqrtf(sum);
        for (int32_t i = 0; i < op->c; i++) {
            y[i] = x[i] * factor;
        }
    }
}
