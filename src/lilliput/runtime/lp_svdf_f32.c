#include "lp_svdf_f32.h"

#include "lp_float.h"

void lp_svdf_f32(const lp_svdf_f32_t *op, const float *restrict x, float *restrict state, float *restrict y,
                 void *scratch)
{
    const float *fresh = (const float *)scratch;
    lp_rows_f32_few(&op->feature, 1, x, (float *)scratch);
    const float *w = op->time;
    for (int32_t u = 0; u < op->units; u++) {
        float sum = op->bias[u];
        for (int32_t r = 0; r < op->rank; r++) {
            for (int32_t m = op->memory - 1; m > 0; m--, state++) {
                const float kept = state[1];
                state[0] = kept;
                sum += kept * *w++;
            }
            const float now = *fresh++;
            *state++ = now;
            sum += now * *w++;
        }
        y[u] = lp_within(sum, op->y_min, op->y_max);
    }
}
