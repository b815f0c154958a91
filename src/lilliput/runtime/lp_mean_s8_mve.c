#include "lp_mean_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

static void lp_mean_out(const lp_mean_s8_t *op, lp_s32x4 acc, int8_t *y, int32_t count)
{
    const int32_t down = lp_min_s32(op->shift, 0);
    const lp_s32x4 raised = lp_vshift_n(acc, lp_max_s32(op->shift, 0));
    const lp_s32x4 made = lp_vrequantise_down(raised, op->mult, down, down < 0 ? -1 : 0);
    lp_vnarrow_first(y, lp_vsaturate(lp_vadd_n(made, op->y_offset)), count);
}

/* The means of `inner` neighbouring columns. */
static LP_NOINLINE void lp_mean_columns(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t inner = op->inner;
    const int32_t slab = op->middle * op->sum2 * inner;
    for (int32_t left = inner; left > 0; left -= 4, x += 4, y += 4) {
        lp_s32x4 acc = lp_vsplat(op->acc_start);
        for (int32_t i = 0; i < op->sum1; i++) {
            const int8_t *tap = x + i * slab;
            for (int32_t j = op->sum2; j > 0; j--, tap += inner) {
                acc = lp_vadd(acc, lp_vwiden_first(tap, left));
            }
        }
        lp_mean_out(op, acc, y, left);
    }
}

/* The mean of one column, whose elements lie together. */
static LP_NOINLINE void lp_mean_run(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    int32_t acc = op->acc_start;
    for (int32_t i = 0; i < op->sum1; i++) {
        const int8_t *tap = x + i * op->middle * op->sum2;
        for (int32_t left = op->sum2; left > 0; left -= 16, tap += 16) {
            acc = lp_vsum_s8(acc, lp_vload_s8_first(tap, left));
        }
    }
    lp_mean_out(op, lp_vsplat(acc), y, 1);
}

void lp_mean_s8_mve(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t m = 0; m < op->middle; m++, y += op->inner) {
            if (op->inner == 1) {
                lp_mean_run(op, x + m * run, y);
            } else {
                lp_mean_columns(op, x + m * run, y);
            }
        }
    }
}
