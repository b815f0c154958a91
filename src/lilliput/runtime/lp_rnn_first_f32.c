#include "lp_rnn_first_f32.h"

#include <string.h>

void lp_rnn_first_f32(const lp_rnn_first_f32_t *op, const float *restrict x, float *restrict y, void *scratch)
{
    const int32_t n = op->cell.n;
    float *h = (float *)scratch;
    (void)memcpy(h, op->first, 1 * (size_t)n * sizeof(float));
    lp_rnn_f32(&op->cell, x, h, y, h + n);
}
