#include "lp_batch_norm_f32.h"

void lp_batch_norm_f32(const lp_batch_norm_f32_t *op, const float *x, float *y)
{
    for (int32_t row = 0; row < op->rows; row++) {
        for (int32_t i = 0; i < op->c; i++) {
            *y++ = (*x++ - op->mean[i]) * op->scale[i] + op->offset[i];
        }
    }
}
