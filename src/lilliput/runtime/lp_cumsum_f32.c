#include "lp_cumsum_f32.h"

void lp_cumsum_f32(const lp_cumsum_f32_t *op, const float *x, float *y)
{
    const int32_t slab = op->depth * op->inner;
    for (int32_t line = 0; line < op->outer * op->inner; line++) {
        const int32_t start = line / op->inner * slab + line % op->inner;
        float sum = 0.0f;
        for (int32_t i = 0; i < op->depth; i++) {
            const int32_t at = start + (op->reverse != 0 ? op->depth - 1 - i : i) * op->inner;
            const float value = x[at];
            y[at] = op->exclusive != 0 ? sum : sum + value;
            sum += value;
        }
    }
}
