#include "lp_resize_nearest_s8.h"

#include <string.h>

void lp_resize_nearest_s8(const lp_resize_nearest_s8_t *op, const void *x, void *y)
{
    const int32_t row_bytes = op->w_out * op->c;
    int8_t *to = (int8_t *)y;
    for (int32_t i = 0; i < op->h_out; i++) {
        if (i > 0 && op->row[i] == op->row[i - 1]) {
            (void)memcpy(to, to - row_bytes, (size_t)row_bytes);
            to += row_bytes;
            continue;
        }
        const int8_t *line = (const int8_t *)x + op->row[i] * op->w_in * op->c;
        for (int32_t j = 0; j < op->w_out; j++, to += op->c) {
            (void)memcpy(to, line + op->column[j] * op->c, (size_t)op->c);
        }
    }
}
