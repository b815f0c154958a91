#include "lp_svdf_s8.h"

#include "lp_fixed_point.h"

void lp_svdf_s8(const lp_svdf_s8_t *op, const int8_t *restrict x, int16_t *restrict state, int8_t *restrict y,
                void *scratch)
{
    const int16_t *fresh = (const int16_t *)scratch;
    op->dense(&op->feature, x, (int16_t *)scratch);
    const int16_t *w = (const int16_t *)op->time;
    for (int32_t u = 0; u < op->units; u++) {
        uint32_t acc = (uint32_t)op->bias[u]; /* may wrap on its way */
        for (int32_t r = 0; r < op->rank; r++) {
            for (int32_t m = op->memory - 1; m > 0; m--, state++) {
                const int16_t kept = state[1];
                state[0] = kept;
                acc += (uint32_t)(kept * *w++);
            }
            const int16_t now = *fresh++;
            *state++ = now;
            acc += (uint32_t)(now * *w++);
        }
        const int32_t value = lp_requantise((int32_t)acc, op->mult, op->shift) + op->y_offset;
        y[u] = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}
