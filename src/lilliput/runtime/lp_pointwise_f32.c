#include "lp_pointwise_f32.h"

#include <string.h>

void lp_pointwise_f32(const lp_rows_f32_t *op, const float *x, float *y, void *scratch)
{
    float *const copy = (float *)scratch;
    for (int32_t row = 0; row < op->rows; row += 4) {
        const int32_t count = op->rows - row < 4 ? op->rows - row : 4;
        (void)memcpy(copy, x + row * op->c_in, (size_t)(count * op->c_in) * sizeof *copy);
        lp_rows_f32_few(op, count, copy, y + row * op->c_out);
    }
}
