#include "lp_pointwise_f32.h"

#include <string.h>

void lp_pointwise_f32(const lp_rows_f32_t *op, const float *x, float *y, void *scratch)
{
    const int32_t c_in = op->c_in;
    const int32_t c_out = op->c_out;
    float *const copy = (float *)scratch;
    for (int32_t row = 0; row < op->rows; row += 4) {
        const int32_t count = op->rows - row < 4 ? op->rows - row : 4;
        const float *w = op->w;
        float *to = y + row * c_out;
        int32_t o = 0;
        (void)memcpy(copy, x + row * c_in, (size_t)(count * c_in) * sizeof *copy);
        for (; o + 4 <= c_out; o += 4, w += 4 * c_in) {
            if (count == 4) {
                lp_rows_f32_block(op, copy, w, op->bias + o, to + o);
            } else {
                for (int32_t r = 0; r < count; r++) {
                    lp_rows_f32_row(op, copy + r * c_in, w, op->bias + o, to + (r * c_out + o));
                }
            }
        }
        for (; o < c_out; o++, w += c_in) {
            lp_rows_f32_channel(op, count, copy, w, op->bias[o], to + o);
        }
    }
}
