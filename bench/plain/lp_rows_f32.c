#include "lp_rows_f32.h"

/* The loops as written in the definition, for the kernels that multiply rows. Weights are read as [c_out][c_in]. */
static void lp_plain(const lp_rows_f32_t *op, int32_t rows, int32_t channels, const float *restrict x,
                     const float *restrict w, const float *restrict bias, float *restrict y)
{
    for (int32_t r = 0; r < rows; r++) {
        for (int32_t o = 0; o < channels; o++) {
            float sum = bias[o];
            for (int32_t i = 0; i < op->c_in; i++) {
                sum += x[r * op->c_in + i] * w[o * op->c_in + i];
            }
            sum = sum < op->y_min ? op->y_min : sum;
            y[r * op->c_out + o] = sum > op->y_max ? op->y_max : sum;
        }
    }
}

void lp_rows_f32_block(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                       const float *restrict bias, float *restrict y)
{
    lp_plain(op, 4, 4, x, w, bias, y);
}

void lp_rows_f32_row(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                     const float *restrict bias, float *restrict y)
{
    lp_plain(op, 1, 4, x, w, bias, y);
}

void lp_rows_f32_channel(const lp_rows_f32_t *op, int32_t rows, const float *restrict x, const float *restrict w,
                         float bias, float *restrict y)
{
    lp_plain(op, rows, 1, x, w, &bias, y);
}

void lp_rows_f32_few(const lp_rows_f32_t *op, int32_t count, const float *restrict x, float *restrict y)
{
    lp_plain(op, count, op->c_out, x, op->w, op->bias, y);
}
