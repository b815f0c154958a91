#include "lp_resize_nearest_s16.h"

#include <string.h>

void lp_resize_nearest_s16(const lp_resize_nearest_s16_t *op, const int16_t *restrict x, int16_t *restrict y)
{
    const int32_t row = op->w_out * op->c;
    for (int32_t i = 0; i < op->h_out; i++) {
        if (i > 0 && op->row[i] == op->row[i - 1]) {
            (void)memcpy(y, y - row, (size_t)row * sizeof *y);
            y += row;
            continue;
        }
        const int16_t *line = x + op->row[i] * op->w_in * op->c;
        for (int32_t j = 0; j < op->w_out; j++, y += op->c) {
            (void)memcpy(y, line + op->column[j] * op->c, (size_t)op->c * sizeof *y);
        }
    }
}
