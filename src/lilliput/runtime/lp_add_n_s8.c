#include "lp_add_n_s8.h"

#include "lp_fixed_point.h"
#include "lp_wide_sum.h"

void lp_add_n_s8(const lp_add_n_s8_t *op, const int8_t *x0, const int8_t *x1, const int8_t *x2, const int8_t *x3,
                 const int8_t *x4, const int8_t *x5, const int8_t *x6, const int8_t *x7, int8_t *y)
{
    const int8_t *const x[8] = {x0, x1, x2, x3, x4, x5, x6, x7};
    for (int32_t i = 0; i < op->n; i++) {
        int32_t sum = op->start;
        for (int32_t k = 0; k < op->count; k++) {
            sum += x[k][i];
        }
        y[i] = (int8_t)lp_clamp_s32(lp_wide_sum(sum, op->mult, op->right) + op->y_offset, -128, 127);
    }
}
