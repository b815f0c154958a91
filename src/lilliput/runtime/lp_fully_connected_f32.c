#include "lp_fully_connected_f32.h"

/* All rows, 4 channels at a time: the weights of 4 channels are read over and over, from a cache where there is one. */
void lp_fully_connected_f32(const lp_rows_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t c_in = op->c_in;
    const int32_t c_out = op->c_out;
    const float *w = op->w;
    int32_t o = 0;
    for (; o + 4 <= c_out; o += 4, w += 4 * c_in) {
        int32_t row = 0;
        for (; row + 4 <= op->rows; row += 4) {
            lp_rows_f32_block(op, x + row * c_in, w, op->bias + o, y + (row * c_out + o));
        }
        for (; row < op->rows; row++) {
            lp_rows_f32_row(op, x + row * c_in, w, op->bias + o, y + (row * c_out + o));
        }
    }
    for (; o < c_out; o++, w += c_in) {
        lp_rows_f32_channel(op, op->rows, x, w, op->bias[o], y + o);
    }
}
