#include "lp_layer_norm_f32.h"

#include "lp_sqrtf.h"

void lp_layer_norm_f32(const lp_layer_norm_f32_t *op, const float *x, float *y)
{
    const float share = 1.0f / (float)op->c;
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        float sum = 0.0f;
        for (int32_t i = 0; i < op->c; i++) {
            sum += x[i];
        }
        const float mean = sum * share;
        float spread = 0.0f; /* in a second pass: the squares of far-off rows would drown the variance */
        for (int32_t i = 0; i < op->c; i++) {
            const float centred = x[i] - mean;
            spread += centred * centred;
        }
        const float factor = 1.0f / lp_sqrtf(spread * share + op->epsilon);
        for (int32_t i = 0; i < op->c; i++) {
            y[i] = (x[i] - mean) * factor * op->gamma[i] + op->beta[i];
        }
    }
}
