#include "lp_gru_first_f32.h"

#include <string.h>

void lp_gru_first_f32(const lp_gru_first_f32_t *op, const float *restrict x, float *restrict y, void *scratch)
{
    const int32_t n = op->cell.n;
    float *h = (float *)scratch;
    (void)memcpy(h, op->first, 1 * (size_t)n * sizeof(float));
    lp_gru_f32(&op->cell, x, h, y, h + n);
}
