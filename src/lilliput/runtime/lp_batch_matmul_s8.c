#include "lp_batch_matmul_s8.h"

#include <stddef.h>

#include "lp_fixed_point.h"

static int8_t lp_matmul_out(const lp_batch_matmul_s8_t *op, int32_t acc)
{
    const int32_t y = lp_requantise_small(acc, op->mult, op->shift) + op->y_offset;
    return (int8_t)lp_clamp_s32(y, -128, 127);
}

/* One row of y, two columns at a time: each element of a is then loaded half as often. */
static void lp_matmul_row(const lp_batch_matmul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *restrict y)
{
    const int32_t a_step = op->a_depth;
    const int32_t b_step = op->b_depth;
    int32_t j = 0;
    for (; j + 2 <= op->columns; j += 2) {
        const int8_t *left = b + j * op->b_column;
        const int8_t *right = left + op->b_column;
        int32_t acc0 = 0;
        int32_t acc1 = 0;
        for (int32_t k = 0; k < op->depth; k++) {
            const int32_t value = a[k * a_step] + op->a_offset;
            acc0 += value * (left[k * b_step] + op->b_offset);
            acc1 += value * (right[k * b_step] + op->b_offset);
        }
        y[j] = lp_matmul_out(op, acc0);
        y[j + 1] = lp_matmul_out(op, acc1);
    }
    for (; j < op->columns; j++) {
        const int8_t *column = b + j * op->b_column;
        int32_t acc = 0;
        for (int32_t k = 0; k < op->depth; k++) {
            acc += (a[k * a_step] + op->a_offset) * (column[k * b_step] + op->b_offset);
        }
        y[j] = lp_matmul_out(op, acc);
    }
}

void lp_batch_matmul_s8(const lp_batch_matmul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *restrict y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t n = 0; n < op->batch; n++) {
        for (int32_t i = 0; i < op->rows; i++, y += op->columns) {
            lp_matmul_row(op, a + op->a_start[n] + i * op->a_row, b + op->b_start[n], y);
        }
    }
}
