#include "lp_add_n_f32.h"

void lp_add_n_f32(const lp_add_n_f32_t *op, const float *x0, const float *x1, const float *x2, const float *x3,
                  const float *x4, const float *x5, const float *x6, const float *x7, float *y)
{
    const float *const x[8] = {x0, x1, x2, x3, x4, x5, x6, x7};
    for (int32_t i = 0; i < op->n; i++) {
        float sum = x[0][i];
        for (int32_t k = 1; k < op->count; k++) {
            sum += x[k][i];
        }
        y[i] = sum;
    }
}
