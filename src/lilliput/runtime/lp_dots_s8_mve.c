#include "lp_dots_s8_mve.h"

#include "lp_compiler.h"
#include "lp_requantise_mve.h"

/* The rows to multiply, and where their outputs go. */
typedef struct {
    const int8_t *x;
    int8_t *y;
    int32_t step;
    int32_t rows;
} lp_rows_t;

/* All rows with four channels of up to 16 weights each, which stay in registers. */
static LP_NOINLINE void lp_four_short(const lp_dots_s8_mve_t *op, const int8_t *w, int32_t o, const lp_rows_t *all)
{
    const int32_t taps = op->taps;
    const int32_t y_step = op->y_step;
    const int32_t y_offset = op->y_offset;
    const int32_t step = all->step;
    const lp_s8x16 w0 = lp_vload_s8(w);
    const lp_s8x16 w1 = lp_vload_s8(w + taps);
    const lp_s8x16 w2 = lp_vload_s8(w + 2 * taps);
    const lp_s8x16 w3 = lp_vload_s8(w + 3 * taps);
    const lp_s32x4 bias = lp_vload_s32(op->bias + o);
    const lp_s32x4 mult = lp_vload_s32(op->mult + o);
    const lp_s32x4 shift = lp_vwiden(op->shift + o);
    const int8_t *restrict x = all->x;
    int8_t *restrict y = all->y + o;
    for (int32_t rows = all->rows; rows > 0; rows--, x += step, y += y_step) {
        const lp_s8x16 v = lp_vload_s8_first(x, taps);
        const int32_t acc0 = lp_vdot_only(v, w0);
        const int32_t acc1 = lp_vdot_only(v, w1);
        const int32_t acc2 = lp_vdot_only(v, w2);
        const int32_t acc3 = lp_vdot_only(v, w3);
        const lp_s32x4 acc = lp_vadd(lp_vset(acc0, acc1, acc2, acc3), bias);
        lp_vnarrow(y, lp_vsaturate(lp_vadd_n(lp_vrequantise_right(acc, mult, shift), y_offset)));
    }
}

/* The four accumulators of one row: `vectors` of 16 taps, and `rest` more. */
static inline lp_s32x4 lp_four_dots(const int8_t *w, const int32_t *bias, int32_t vectors, int32_t rest, const int8_t *x)
{
    int32_t acc0 = bias[0];
    int32_t acc1 = bias[1];
    int32_t acc2 = bias[2];
    int32_t acc3 = bias[3];
    for (int32_t left = vectors; left > 0; left--, x += 16, w += 64) {
        const lp_s8x16 v = lp_vload_s8(x);
        acc0 = lp_vdot(acc0, v, lp_vload_s8(w));
        acc1 = lp_vdot(acc1, v, lp_vload_s8(w + 16));
        acc2 = lp_vdot(acc2, v, lp_vload_s8(w + 32));
        acc3 = lp_vdot(acc3, v, lp_vload_s8(w + 48));
    }
    if (rest != 0) { /* zeros behind the row's end meet whatever lies behind the weights */
        const lp_s8x16 v = lp_vload_s8_first(x, rest);
        acc0 = lp_vdot(acc0, v, lp_vload_s8(w));
        acc1 = lp_vdot(acc1, v, lp_vload_s8(w + rest));
        acc2 = lp_vdot(acc2, v, lp_vload_s8(w + 2 * rest));
        acc3 = lp_vdot(acc3, v, lp_vload_s8(w + 3 * rest));
    }
    return lp_vset(acc0, acc1, acc2, acc3);
}

/* All rows with four channels of one or more whole vectors of weights. */
static LP_NOINLINE void lp_four_whole(const lp_dots_s8_mve_t *op, const int8_t *w, int32_t o, const lp_rows_t *all)
{
    const int32_t vectors = op->taps >> 4;
    const int32_t y_step = op->y_step;
    const int32_t y_offset = op->y_offset;
    const int32_t step = all->step;
    const int32_t *bias = op->bias + o;
    const lp_s32x4 mult = lp_vload_s32(op->mult + o);
    const lp_s32x4 shift = lp_vwiden(op->shift + o);
    const int8_t *restrict x = all->x;
    int8_t *restrict y = all->y + o;
    if (vectors < 1) {
        return; /* never, but then the inner loop needs no test before it */
    }
    for (int32_t rows = all->rows; rows > 0; rows--, x += step, y += y_step) {
        const lp_s32x4 made = lp_vrequantise_right(lp_four_dots(w, bias, vectors, 0, x), mult, shift);
        lp_vnarrow(y, lp_vsaturate(lp_vadd_n(made, y_offset)));
    }
}

/* All rows with four channels of one or more whole vectors of weights and some more. */
static LP_NOINLINE void lp_four_mixed(const lp_dots_s8_mve_t *op, const int8_t *w, int32_t o, const lp_rows_t *all)
{
    const int32_t vectors = op->taps >> 4;
    const int32_t rest = op->taps & 15;
    const int32_t y_step = op->y_step;
    const int32_t y_offset = op->y_offset;
    const int32_t step = all->step;
    const int32_t *bias = op->bias + o;
    const lp_s32x4 mult = lp_vload_s32(op->mult + o);
    const lp_s32x4 shift = lp_vwiden(op->shift + o);
    const int8_t *restrict x = all->x;
    int8_t *restrict y = all->y + o;
    if (vectors < 1 || rest == 0) {
        return; /* never */
    }
    for (int32_t rows = all->rows; rows > 0; rows--, x += step, y += y_step) {
        const lp_s32x4 made = lp_vrequantise_right(lp_four_dots(w, bias, vectors, rest, x), mult, shift);
        lp_vnarrow(y, lp_vsaturate(lp_vadd_n(made, y_offset)));
    }
}

/* All rows with four channels or the last ones, any number of weights, and any shift. */
static LP_NOINLINE void lp_four_any(const lp_dots_s8_mve_t *op, const int8_t *w, int32_t o, const lp_rows_t *all)
{
    const lp_s32x4 mult = lp_vload_s32(op->mult + o);
    const lp_s32x4 shift = lp_vwiden(op->shift + o);
    const int8_t *restrict x = all->x;
    int8_t *restrict y = all->y + o;
    for (int32_t rows = all->rows; rows > 0; rows--, x += all->step, y += op->y_step) {
        const lp_s32x4 acc = lp_four_dots(w, op->bias + o, op->taps >> 4, op->taps & 15, x);
        const lp_s32x4 made = lp_vrequantise(acc, mult, shift);
        lp_vnarrow_first(y, lp_vsaturate(lp_vadd_n(made, op->y_offset)), op->c_out - o);
    }
}

void lp_dots_s8_mve(const lp_dots_s8_mve_t *op, const int8_t *x, int32_t step, int32_t rows, int8_t *y)
{
    const lp_rows_t all = {x, y, step, rows};
    const int8_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o += 4, w += 4 * op->taps) {
        if (op->is_plain == 0) {
            lp_four_any(op, w, o, &all);
        } else if (op->taps <= 16) {
            lp_four_short(op, w, o, &all);
        } else if (op->taps % 16 == 0) {
            lp_four_whole(op, w, o, &all);
        } else {
            lp_four_mixed(op, w, o, &all);
        }
    }
    if (op->y_step == op->c_out) {
        lp_vclamp_run(y, rows * op->c_out, op->y_min, op->y_max);
        return;
    }
    for (; rows > 0; rows--, y += op->y_step) {
        lp_vclamp_run(y, op->c_out, op->y_min, op->y_max);
    }
}
