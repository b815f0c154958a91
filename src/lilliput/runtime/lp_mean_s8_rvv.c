#include "lp_mean_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_rvv.h"

static inline void lp_mean_out(const lp_mean_s8_t *op, lp_w_s32 acc, int8_t *y, size_t vl)
{
    const lp_w_s32 raised = lp_w_left_n(acc, lp_max_s32(op->shift, 0), vl);
    const lp_w_s32 made = lp_w_scale_down(raised, op->mult, lp_min_s32(op->shift, 0), vl);
    lp_w_store_s8(y, lp_w_saturate(lp_w_add_n(made, op->y_offset, vl), vl), vl);
}

/* The means of `inner` neighbouring columns. */
static LP_NOINLINE void lp_mean_columns(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t inner = op->inner;
    const int32_t slab = op->middle * op->sum2 * inner;
    size_t vl;
    for (int32_t left = inner; left > 0; left -= (int32_t)vl, x += vl, y += vl) {
        vl = lp_w_lanes(left);
        lp_w_s32 acc = lp_w_splat(op->acc_start, vl);
        for (int32_t i = 0; i < op->sum1; i++) {
            const int8_t *tap = x + i * slab;
            LP_ROLLED for (int32_t j = op->sum2; j > 0; j--, tap += inner) {
                acc = lp_w_add_s16(acc, lp_w_load_s16(tap, vl), vl);
            }
        }
        lp_mean_out(op, acc, y, vl);
    }
}

/* The mean of one column, whose elements lie together. */
static LP_NOINLINE void lp_mean_run(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    int32_t acc = op->acc_start;
    size_t vl;
    for (int32_t i = 0; i < op->sum1; i++) {
        const int8_t *tap = x + i * op->middle * op->sum2;
        for (int32_t left = op->sum2; left > 0; left -= (int32_t)vl, tap += vl) {
            vl = lp_w_lanes(left);
            acc = lp_w_sum(lp_w_widen(tap, vl), acc, vl);
        }
    }
    lp_mean_out(op, lp_w_splat(acc, lp_w_lanes(1)), y, lp_w_lanes(1));
}

void lp_mean_s8_rvv(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
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
