#include "lp_pad_s8.h"

#include <string.h>

static int8_t *lp_fill(const lp_pad_s8_t *op, int8_t *y, int32_t count)
{
    (void)memset(y, op->value, (size_t)count);
    return y + count;
}

void lp_pad_s8(const lp_pad_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    y = lp_fill(op, y, op->before_planes);
    for (int32_t i = 0; i < op->planes; i++) {
        y = lp_fill(op, y, op->before_rows);
        for (int32_t j = 0; j < op->rows; j++, x += op->run) {
            y = lp_fill(op, y, op->before_run);
            (void)memcpy(y, x, (size_t)op->run);
            y = lp_fill(op, y + op->run, op->after_run);
        }
        y = lp_fill(op, y, op->after_rows);
    }
    (void)lp_fill(op, y, op->after_planes);
}
