#include "lp_log_softmax_f32.h"

#include "lp_expf.h"
#include "lp_logf.h"

void lp_log_softmax_f32(const lp_log_softmax_f32_t *op, const float *x, float *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        float largest = x[0];
        float sum = 0.0f;
        for (int32_t i = 1; i < op->c; i++) {
            largest = x[i] > largest ? x[i] : largest;
        }
        for (int32_t i = 0; i < op->c; i++) {
            sum += lp_expf(x[i] - largest);
        }
        const float log = lp_logf(sum);
        for (int32_t i = 0; i < op->c; i++) {
            y[i] = (x[i] - largest) - log;
        }
    }
}
