#include "lp_lstm_f32.h"

#include <string.h>

#include "lp_sigmoidf.h"
#include "lp_tanhf.h"

void lp_lstm_f32(const lp_lstm_f32_t *op, const float *restrict x, float *restrict h, float *restrict c,
                 float *restrict y, void *scratch)
{
    const int32_t n = op->n;
    float *a = (float *)scratch;
    float *b = a + 4 * n;
    for (int32_t t = 0; t < op->steps; t++, x += op->input.c_in, y += n) {
        lp_rows_f32_few(&op->input, 1, x, a);
        lp_rows_f32_few(&op->hidden, 1, h, b);
        for (int32_t k = 0; k < n; k++) {
            const float old = lp_sigmoidf(a[n + k] + b[n + k]) * c[k];
            const float sum = old + lp_sigmoidf(a[k] + b[k]) * lp_tanhf(a[2 * n + k] + b[2 * n + k]);
            c[k] = op->clip > 0.0f ? lp_within(sum, -op->clip, op->clip) : sum;
            h[k] = lp_sigmoidf(a[3 * n + k] + b[3 * n + k]) * lp_tanhf(c[k]);
        }
        (void)memcpy(y, h, (size_t)n * sizeof(float));
    }
}
