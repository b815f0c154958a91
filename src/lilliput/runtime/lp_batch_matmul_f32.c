#include "lp_batch_matmul_f32.h"

#include <stddef.h>

/* 4 neighbouring columns of one row. */
static void lp_columns(const lp_batch_matmul_f32_t *op, const float *a, const float *b, float *restrict y)
{
    const int32_t step = op->b_column;
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int32_t k = op->depth; k > 0; k--, a += op->a_depth, b += op->b_depth) {
        sum[0] += *a * b[0];
        sum[1] += *a * b[step];
        sum[2] += *a * b[2 * step];
        sum[3] += *a * b[3 * step];
    }
    y[0] = sum[0];
    y[1] = sum[1];
    y[2] = sum[2];
    y[3] = sum[3];
}

static void lp_row(const lp_batch_matmul_f32_t *op, const float *a, const float *b, float *restrict y)
{
    int32_t j = 0;
    for (; j + 4 <= op->columns; j += 4) {
        lp_columns(op, a, b + j * op->b_column, y + j);
    }
    for (; j < op->columns; j++) {
        float sum = 0.0f;
        for (int32_t k = 0; k < op->depth; k++) {
            sum += a[k * op->a_depth] * b[k * op->b_depth + j * op->b_column];
        }
        y[j] = sum;
    }
}

void lp_batch_matmul_f32(const lp_batch_matmul_f32_t *op, const float *a, const float *b, float *restrict y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t n = 0; n < op->batch; n++) {
        for (int32_t i = 0; i < op->rows; i++, y += op->columns) {
            lp_row(op, a + (op->a_start[n] + i * op->a_row), b + op->b_start[n], y);
        }
    }
}
