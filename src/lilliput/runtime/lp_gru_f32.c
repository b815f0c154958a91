#include "lp_gru_f32.h"

#include <string.h>

#include "lp_sigmoidf.h"
#include "lp_tanhf.h"

void lp_gru_f32(const lp_gru_f32_t *op, const float *restrict x, float *restrict h, float *restrict y, void *scratch)
{
    const int32_t n = op->n;
    float *a = (float *)scratch; /* reset gate, update gate, candidate */
    float *b = a + 3 * n;
    float *g = b + 2 * n;
    for (int32_t t = 0; t < op->steps; t++, x += op->input.c_in, y += n) {
        lp_rows_f32_few(&op->input, 1, x, a);
        lp_rows_f32_few(&op->hidden, 1, h, b);
        for (int32_t k = 0; k < 2 * n; k++) {
            a[k] = lp_sigmoidf(a[k] + b[k]);
        }
        for (int32_t k = 0; k < n; k++) {
            b[k] = op->early != 0 ? a[k] * h[k] : h[k];
        }
        lp_rows_f32_few(&op->late, 1, b, g);
        for (int32_t k = 0; k < n; k++) {
            const float past = op->early != 0 ? g[k] : a[k] * g[k];
            const float z = a[n + k];
            h[k] = (1.0f - z) * lp_tanhf(a[2 * n + k] + past) + z * h[k];
        }
        (void)memcpy(y, h, (size_t)n * sizeof(float));
    }
}
