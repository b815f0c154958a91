#include "lp_cumsum_s8.h"

#include "lp_fixed_point.h"
#include "lp_wide_sum.h"

static void lp_cumsum_column(const lp_cumsum_s8_t *op, const int8_t *x, int8_t *y)
{
    int32_t sum = op->start;
    for (int32_t i = 0; i < op->depth; i++) {
        const int32_t at = (op->reverse != 0 ? op->depth - 1 - i : i) * op->inner;
        const int32_t with = sum + x[at] + op->x_offset;
        const int32_t told = op->exclusive != 0 ? sum : with;
        y[at] = (int8_t)lp_clamp_s32(lp_wide_sum(told, op->mult, op->right) + op->y_offset, -128, 127);
        sum = with;
    }
}

void lp_cumsum_s8(const lp_cumsum_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t o = 0; o < op->outer; o++) {
        for (int32_t k = 0; k < op->inner; k++) {
            lp_cumsum_column(op, x + o * op->depth * op->inner + k, y + o * op->depth * op->inner + k);
        }
    }
}
