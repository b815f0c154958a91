#include "lp_lstm_first_f32.h"

#include <string.h>

void lp_lstm_first_f32(const lp_lstm_first_f32_t *op, const float *restrict x, float *restrict y, void *scratch)
{
    const int32_t n = op->cell.n;
    float *h = (float *)scratch;
    (void)memcpy(h, op->first, 2 * (size_t)n * sizeof(float));
    lp_lstm_f32(&op->cell, x, h, h + n, y, h + 2 * n);
}
