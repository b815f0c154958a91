#include "lp_batch_matmul_s16.h"

#include <stddef.h>

#include "lp_compiler.h"
#include "lp_wide_s16.h"

/* One row of y. */
static LP_NOINLINE void lp_matmul_row(const lp_batch_matmul_s16_t *op, const int16_t *a, const int16_t *b,
                                      int16_t *restrict y)
{
    for (int32_t j = 0; j < op->columns; j++, b += op->b_column) {
        const int16_t *from_a = a;
        const int16_t *from_b = b;
        int64_t acc = 0;
        for (int32_t k = 0; k < op->depth; k++, from_a += op->a_depth, from_b += op->b_depth) {
            acc += *from_a * *from_b;
        }
        y[j] = (int16_t)lp_clamp_s32(lp_wide_finish(acc, op->mult, op->code), -32768, 32767);
    }
}

void lp_batch_matmul_s16(const lp_batch_matmul_s16_t *op, const int16_t *a, const int16_t *b, int16_t *restrict y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t n = 0; n < op->batch; n++) {
        for (int32_t i = 0; i < op->rows; i++, y += op->columns) {
            lp_matmul_row(op, a + op->a_start[n] + i * op->a_row, b + op->b_start[n], y);
        }
    }
}
