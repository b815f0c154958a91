#include "lp_reduce_s8.h"

/* The extreme over sum1 and sum2 of one column, of which x is the first element. */
static int8_t lp_reduce_column(const lp_reduce_s8_t *op, const int8_t *x)
{
    const int32_t slab = op->middle * op->sum2 * op->inner;
    int8_t best = *x;
    for (int32_t i = 0; i < op->sum1; i++) {
        for (int32_t j = 0; j < op->sum2; j++) {
            const int8_t value = x[i * slab + j * op->inner];
            best = value * op->sign > best * op->sign ? value : best;
        }
    }
    return best;
}

void lp_reduce_s8(const lp_reduce_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t m = 0; m < op->middle; m++) {
            for (int32_t k = 0; k < op->inner; k++) {
                *y++ = lp_reduce_column(op, x + m * run + k);
            }
        }
    }
}
