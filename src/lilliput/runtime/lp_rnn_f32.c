#include "lp_rnn_f32.h"

#include <string.h>

#include "lp_tanhf.h"

void lp_rnn_f32(const lp_rnn_f32_t *op, const float *restrict x, float *restrict h, float *restrict y, void *scratch)
{
    const int32_t n = op->n;
    float *a = (float *)scratch;
    float *b = a + n;
    for (int32_t t = 0; t < op->steps; t++, x += op->input.c_in, y += n) {
        lp_rows_f32_few(&op->input, 1, x, a);
        lp_rows_f32_few(&op->hidden, 1, h, b);
        for (int32_t k = 0; k < n; k++) {
            const float sum = a[k] + b[k];
            h[k] = op->relu != 0 ? lp_at_least(sum, 0.0f) : lp_tanhf(sum);
        }
        (void)memcpy(y, h, (size_t)n * sizeof(float));
    }
}
