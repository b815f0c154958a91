#include "lp_mean_s8.h"

#include "lp_fixed_point.h"

static int8_t lp_mean_out(const lp_mean_s8_t *op, int32_t acc)
{
    return (int8_t)lp_clamp_s32(lp_requantise_small(acc, op->mult, op->shift) + op->y_offset, -128, 127);
}

/* The means of `inner` neighbouring columns. */
static void lp_mean_columns(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t inner = op->inner;
    const int32_t slab = op->middle * op->sum2 * inner;
    int32_t k = 0;
    for (; k + 4 <= inner; k += 4) {
        int32_t acc0 = op->acc_start;
        int32_t acc1 = op->acc_start;
        int32_t acc2 = op->acc_start;
        int32_t acc3 = op->acc_start;
        for (int32_t i = 0; i < op->sum1; i++) {
            for (int32_t j = 0; j < op->sum2; j++) {
                const int8_t *tap = x + i * slab + j * inner + k;
                acc0 += tap[0];
                acc1 += tap[1];
                acc2 += tap[2];
                acc3 += tap[3];
            }
        }
        y[k] = lp_mean_out(op, acc0);
        y[k + 1] = lp_mean_out(op, acc1);
        y[k + 2] = lp_mean_out(op, acc2);
        y[k + 3] = lp_mean_out(op, acc3);
    }
    for (; k < inner; k++) {
        int32_t acc = op->acc_start;
        for (int32_t i = 0; i < op->sum1; i++) {
            for (int32_t j = 0; j < op->sum2; j++) {
                const int8_t *tap = x + i * slab + j * inner + k;
                acc += *tap;
            }
        }
        y[k] = lp_mean_out(op, acc);
    }
}

void lp_mean_s8(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t m = 0; m < op->middle; m++, y += op->inner) {
            lp_mean_columns(op, x + m * run, y);
        }
    }
}
