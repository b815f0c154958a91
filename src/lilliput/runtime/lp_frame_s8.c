#include "lp_frame_s8.h"

#include <string.h>

#include "lp_fixed_point.h"

void lp_frame_s8(const lp_frame_s8_t *op, const int8_t *x, int8_t *y)
{
    const int32_t before = lp_min_s32(op->left, op->w);
    const int32_t inside = lp_max_s32(lp_min_s32(op->in_w, op->w - before), 0);
    const int32_t row_bytes = op->w * op->c;
    for (int32_t i = 0; i < op->h; i++, y += row_bytes) {
        const int32_t row = i - op->top;
        if (row < 0 || row >= op->in_h) {
            memset(y, op->fill, (size_t)row_bytes);
            continue;
        }
        memset(y, op->fill, (size_t)(before * op->c));
        memcpy(y + before * op->c, x + row * op->in_w * op->c, (size_t)(inside * op->c));
        memset(y + (before + inside) * op->c, op->fill, (size_t)((op->w - before - inside) * op->c));
    }
    memset(y, op->fill, (size_t)op->slack);
}
