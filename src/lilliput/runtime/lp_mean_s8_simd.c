#include "lp_mean_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd.h"

static int8_t lp_mean_out(const lp_mean_s8_t *op, int32_t acc)
{
    return (int8_t)lp_clamp_s32(lp_requantise_small(acc, op->mult, op->shift) + op->y_offset, -128, 127);
}

/* The means of `inner` neighbouring columns. There are few of them for all that is summed, so they are rounded singly. */
static void lp_mean_columns(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t inner = op->inner;
    const int32_t slab = op->middle * op->sum2 * inner;
    int32_t k = 0;
    for (; k + LP_LANES <= inner; k += LP_LANES) {
        lp_lanes acc = lp_all(op->acc_start);
        for (int32_t i = 0; i < op->sum1; i++) {
            const int8_t *tap = x + i * slab + k;
            for (int32_t j = 0; j < op->sum2; j++, tap += inner) {
                acc += lp_load_codes(tap);
            }
        }
        int32_t sums[LP_LANES];
        memcpy(sums, &acc, sizeof acc);
        for (int32_t lane = 0; lane < LP_LANES; lane++) {
            y[k + lane] = lp_mean_out(op, sums[lane]);
        }
    }
    for (; k < inner; k++) {
        int32_t acc = op->acc_start;
        for (int32_t i = 0; i < op->sum1; i++) {
            for (int32_t j = 0; j < op->sum2; j++) {
                acc += x[i * slab + j * inner + k];
            }
        }
        y[k] = lp_mean_out(op, acc);
    }
}

void lp_mean_s8_simd(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t m = 0; m < op->middle; m++, y += op->inner) {
            lp_mean_columns(op, x + m * run, y);
        }
    }
}
