#include "lp_pad_s8_mve.h"

#include "lp_requantise_mve.h"

static int8_t *lp_border(const lp_pad_s8_t *op, int8_t *y, int32_t count)
{
    lp_vfill(y, op->value, count);
    return y + count;
}

void lp_pad_s8_mve(const lp_pad_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    y = lp_border(op, y, op->before_planes);
    for (int32_t i = 0; i < op->planes; i++) {
        y = lp_border(op, y, op->before_rows);
        for (int32_t j = 0; j < op->rows; j++, x += op->run) {
            y = lp_border(op, y, op->before_run);
            lp_vcopy(y, x, op->run);
            y = lp_border(op, y + op->run, op->after_run);
        }
        y = lp_border(op, y, op->after_rows);
    }
    (void)lp_border(op, y, op->after_planes);
}
