#include "lp_softmax_f32.h"

#include "lp_expf.h"

void lp_softmax_f32(const lp_softmax_f32_t *op, const float *x, float *y)
{
    const int32_t c = op->c;
    for (int32_t row = 0; row < op->rows; row++, x += c, y += c) {
        float largest = x[0];
        float sum = 0.0f;
        for (int32_t i = 1; i < c; i++) {
            largest = x[i] > largest ? x[i] : largest;
        }
        for (int32_t i = 0; i < c; i++) {
            y[i] = lp_expf(x[i] - largest);
            sum += y[i];
        }
        for (int32_t i = 0; i < c; i++) {
            y[i] /= sum;
        }
    }
}
