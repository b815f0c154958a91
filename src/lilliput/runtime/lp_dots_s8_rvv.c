#include "lp_dots_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_rvv.h"

/* The rows to multiply, and where their outputs go. */
typedef struct {
    const int8_t *x;
    int8_t *y;
    int32_t step;
    int32_t rows;
} lp_rows_t;

/* All rows, one at a time, with any shift. */
static LP_NOINLINE void lp_any(const lp_dots_s8_rvv_t *op, int32_t o, size_t vl, const lp_rows_t *all)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const int8_t *row = all->x;
    int8_t *y = all->y + o;
    for (int32_t rows = all->rows; rows > 0; rows--, row += all->step, y += op->y_step) {
        const int8_t *w = op->w + o;
        const int8_t *x = row;
        lp_n_s32 acc = lp_n_load_s32(op->bias + o, vl);
        LP_UNROLL4 for (int32_t left = op->taps; left > 0; left--, w += op->c_out) {
            acc = lp_n_mla_s16_n(acc, lp_n_load_s16(w, vl), *x++, vl);
        }
        lp_n_store_s8(y, lp_n_requantise(acc, op->mult + o, op->shift + o, &range, vl), vl);
    }
}

/* The products of a vector of weights with element k of three rows. */
#define LP_THREE(k)                                                                                                    \
    do {                                                                                                               \
        const lp_w_s16 v = lp_w_load_s16(w, vl);                                                                       \
        acc0 = lp_w_mla_s16_n(acc0, v, x0[k], vl);                                                                     \
        acc1 = lp_w_mla_s16_n(acc1, v, x1[k], vl);                                                                     \
        acc2 = lp_w_mla_s16_n(acc2, v, x2[k], vl);                                                                     \
    } while (0)

/* All rows, three at a time, with the `vl` channels from o on. */
static LP_NOINLINE void lp_wide(const lp_dots_s8_rvv_t *op, int32_t o, size_t vl, const lp_rows_t *all)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const int32_t *mult = op->mult + o;
    const int8_t *shift = op->shift + o;
    const int32_t c_out = op->c_out;
    const int32_t y_step = op->y_step;
    const int32_t step = all->step;
    const int8_t *row = all->x;
    int8_t *y = all->y + o;
    int32_t rows = all->rows;
    for (; rows >= 3; rows -= 3, row += 3 * step, y += 3 * y_step) {
        const int8_t *w = op->w + o;
        const int8_t *x0 = row;
        const int8_t *x1 = x0 + step;
        const int8_t *x2 = x1 + step;
        lp_w_s32 acc0 = lp_w_load_s32(op->bias + o, vl);
        lp_w_s32 acc1 = acc0;
        lp_w_s32 acc2 = acc0;
        int32_t left = op->taps;
        for (; left >= 4; left -= 4, x0 += 4, x1 += 4, x2 += 4, w += c_out) {
            LP_THREE(0);
            w += c_out;
            LP_THREE(1);
            LP_RVV_IN_ORDER(acc2);
            w += c_out;
            LP_THREE(2);
            w += c_out;
            LP_THREE(3);
        }
        LP_ROLLED for (; left > 0; left--, x0++, x1++, x2++, w += c_out) {
            LP_THREE(0);
        }
        acc0 = lp_w_scale(acc0, mult, vl);
        LP_RVV_IN_ORDER(acc0);
        acc1 = lp_w_scale(acc1, mult, vl);
        LP_RVV_IN_ORDER(acc1);
        acc2 = lp_w_scale(acc2, mult, vl);
        LP_RVV_IN_ORDER(acc2);
        lp_w_store_s8(y, lp_w_shift_right(acc0, shift, &range, vl), vl);
        lp_w_store_s8(y + y_step, lp_w_shift_right(acc1, shift, &range, vl), vl);
        lp_w_store_s8(y + 2 * y_step, lp_w_shift_right(acc2, shift, &range, vl), vl);
    }
    for (; rows > 0; rows--, row += step, y += y_step) {
        const int8_t *w = op->w + o;
        const int8_t *x = row;
        lp_w_s32 acc = lp_w_load_s32(op->bias + o, vl);
        LP_UNROLL4 for (int32_t left = op->taps; left > 0; left--, w += c_out) {
            acc = lp_w_mla_s16_n(acc, lp_w_load_s16(w, vl), *x++, vl);
        }
        lp_w_store_s8(y, lp_w_requantise_right(acc, mult, shift, &range, vl), vl);
    }
}

/* All rows, four at a time. */
static LP_NOINLINE void lp_narrow(const lp_dots_s8_rvv_t *op, int32_t o, size_t vl, const lp_rows_t *all)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const int32_t *mult = op->mult + o;
    const int8_t *shift = op->shift + o;
    const int32_t c_out = op->c_out;
    const int32_t y_step = op->y_step;
    const int32_t step = all->step;
    const int8_t *row = all->x;
    int8_t *y = all->y + o;
    int32_t rows = all->rows;
    for (; rows >= 4; rows -= 4, row += 4 * step, y += 4 * y_step) {
        const int8_t *w = op->w + o;
        const int8_t *x0 = row;
        const int8_t *x1 = x0 + step;
        const int8_t *x2 = x1 + step;
        const int8_t *x3 = x2 + step;
        lp_n_s32 acc0 = lp_n_load_s32(op->bias + o, vl);
        lp_n_s32 acc1 = acc0;
        lp_n_s32 acc2 = acc0;
        lp_n_s32 acc3 = acc0;
        LP_UNROLL4 for (int32_t left = op->taps; left > 0; left--, w += c_out) {
            const lp_n_s16 v = lp_n_load_s16(w, vl);
            acc0 = lp_n_mla_s16_n(acc0, v, *x0++, vl);
            acc1 = lp_n_mla_s16_n(acc1, v, *x1++, vl);
            acc2 = lp_n_mla_s16_n(acc2, v, *x2++, vl);
            acc3 = lp_n_mla_s16_n(acc3, v, *x3++, vl);
        }
        lp_n_store_s8(y, lp_n_requantise_right(acc0, mult, shift, &range, vl), vl);
        lp_n_store_s8(y + y_step, lp_n_requantise_right(acc1, mult, shift, &range, vl), vl);
        lp_n_store_s8(y + 2 * y_step, lp_n_requantise_right(acc2, mult, shift, &range, vl), vl);
        lp_n_store_s8(y + 3 * y_step, lp_n_requantise_right(acc3, mult, shift, &range, vl), vl);
    }
    for (; rows > 0; rows--, row += step, y += y_step) {
        const int8_t *w = op->w + o;
        const int8_t *x = row;
        lp_n_s32 acc = lp_n_load_s32(op->bias + o, vl);
        LP_UNROLL4 for (int32_t left = op->taps; left > 0; left--, w += c_out) {
            acc = lp_n_mla_s16_n(acc, lp_n_load_s16(w, vl), *x++, vl);
        }
        lp_n_store_s8(y, lp_n_requantise_right(acc, mult, shift, &range, vl), vl);
    }
}

void lp_dots_s8_rvv(const lp_dots_s8_rvv_t *op, const int8_t *x, int32_t step, int32_t rows, int8_t *y)
{
    const lp_rows_t all = {x, y, step, rows};
    int32_t o = 0;
    while (o < op->c_out) {
        const size_t wide = lp_w_lanes(op->c_out - o);
        const size_t narrow = lp_n_lanes(op->c_out - o);
        if (op->is_plain == 0) {
            lp_any(op, o, narrow, &all);
            o += (int32_t)narrow;
        } else if (wide > narrow) {
            lp_wide(op, o, wide, &all);
            o += (int32_t)wide;
        } else {
            lp_narrow(op, o, narrow, &all);
            o += (int32_t)narrow;
        }
    }
}
