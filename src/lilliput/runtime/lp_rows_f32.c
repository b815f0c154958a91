#include "lp_rows_f32.h"

#include "lp_tile_f32.h"

void lp_rows_f32_block(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                       const float *restrict bias, float *restrict y)
{
    const lp_four_t start = lp_load_four(bias);
    lp_tile_t sum = {start, start, start, start};
    lp_tile_taps(&sum, x, op->c_in, w, op->c_in);
    const int32_t step = op->c_out;
    lp_store_four(y, &sum.p, op->y_min, op->y_max);
    lp_store_four(y + step, &sum.q, op->y_min, op->y_max);
    lp_store_four(y + 2 * step, &sum.r, op->y_min, op->y_max);
    lp_store_four(y + 3 * step, &sum.s, op->y_min, op->y_max);
}

void lp_rows_f32_row(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                     const float *restrict bias, float *restrict y)
{
    lp_four_t sum = lp_load_four(bias);
    lp_four_taps(&sum, x, w, op->c_in);
    lp_store_four(y, &sum, op->y_min, op->y_max);
}

void lp_rows_f32_channel(const lp_rows_f32_t *op, int32_t rows, const float *restrict x, const float *restrict w,
                         float bias, float *restrict y)
{
    for (; rows > 0; rows--, x += op->c_in, y += op->c_out) {
        *y = lp_within(lp_one_taps(bias, x, w, op->c_in), op->y_min, op->y_max);
    }
}

void lp_rows_f32_few(const lp_rows_f32_t *op, int32_t count, const float *restrict x, float *restrict y)
{
    const float *w = op->w;
    int32_t o = 0;
    for (; o + 4 <= op->c_out; o += 4, w += 4 * op->c_in) {
        if (count == 4) {
            lp_rows_f32_block(op, x, w, op->bias + o, y + o);
            continue;
        }
        for (int32_t r = 0; r < count; r++) {
            lp_rows_f32_row(op, x + r * op->c_in, w, op->bias + o, y + (r * op->c_out + o));
        }
    }
    for (; o < op->c_out; o++, w += op->c_in) {
        lp_rows_f32_channel(op, count, x, w, op->bias[o], y + o);
    }
}
