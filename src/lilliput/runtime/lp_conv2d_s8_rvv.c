#include "lp_conv2d_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_rvv.h"

/* From the first to before the last. */
typedef struct {
    int32_t first;
    int32_t last;
} lp_span_t;

/* The taps that lie inside an axis of `size`, the first tap of all being at `at`. */
static lp_span_t lp_inside(int32_t at, int32_t taps, int32_t dilation, int32_t size)
{
    lp_span_t span = {0, taps};
    while (span.first < taps && at + span.first * dilation < 0) {
        span.first++;
    }
    while (span.last > span.first && at + (span.last - 1) * dilation >= size) {
        span.last--;
    }
    return span;
}

/* The patch whose first tap is at (top, left), of `depth` channels from x on. */
static LP_NOINLINE void lp_patch(const lp_conv2d_s8_rvv_t *op, const int8_t *restrict x, int32_t depth, int32_t top,
                                 int32_t left, int8_t *restrict patch)
{
    const lp_span_t rows = lp_inside(top, op->kernel_h, op->dilation_h, op->in_h);
    const lp_span_t columns = lp_inside(left, op->kernel_w, op->dilation_w, op->in_w);
    const int32_t c_in = op->c_in;
    const int32_t count = columns.last - columns.first;
    if (count < op->kernel_w || rows.last - rows.first < op->kernel_h) {
        lp_rvv_fill(patch, op->x_zero, op->dots.taps);
    }
    const int32_t whole = op->dilation_w == 1 && depth == c_in; /* the taps of a row lie together */
    const int32_t runs = whole != 0 ? (count > 0 ? 1 : 0) : count;
    const int32_t run = whole != 0 ? count * depth : depth;
    for (int32_t ky = rows.first; ky < rows.last; ky++) {
        const int32_t row = (top + ky * op->dilation_h) * op->in_w;
        const int8_t *from = x + (row + left + columns.first * op->dilation_w) * c_in;
        int8_t *to = patch + (ky * op->kernel_w + columns.first) * depth;
        for (int32_t i = 0; i < runs; i++, from += op->dilation_w * c_in, to += depth) {
            lp_rvv_copy(to, from, run);
        }
    }
}

/* The outputs of a row whose patches lie inside the image as far as columns go: from the first to before the last. */
static lp_span_t lp_inner(const lp_conv2d_s8_rvv_t *op)
{
    const int32_t room = op->in_w + op->pad_left - (op->kernel_w - 1) * op->dilation_w - 1;
    lp_span_t span;
    span.first = (op->pad_left + op->stride_w - 1) / op->stride_w;
    span.last = room < 0 ? 0 : lp_min_s32(room / op->stride_w + 1, op->out_w);
    return span;
}

/* A patch inside the image, whose rows are runs of `run` bytes, the first from x on. */
static LP_NOINLINE void lp_whole_patch(const lp_conv2d_s8_rvv_t *op, const int8_t *restrict x, int32_t run,
                                       int8_t *restrict to)
{
    const int32_t row = op->dilation_h * op->in_w * op->c_in;
    for (int32_t left = op->kernel_h; left > 0; left--, x += row, to += run) {
        lp_rvv_copy(to, x, run);
    }
}

/* The outputs of one group: x, y and the arrays of `dots` begin with its channels. */
static void lp_group(const lp_conv2d_s8_rvv_t *op, const lp_dots_s8_rvv_t *dots, const int8_t *restrict x,
                     int8_t *restrict y, int8_t *restrict patches)
{
    const int32_t taps = dots->taps;
    const int32_t depth = op->groups == 1 ? op->c_in : op->c_in / op->groups;
    const int32_t reach_h = (op->kernel_h - 1) * op->dilation_h + 1;
    const int32_t run = op->kernel_w * op->c_in;
    const lp_span_t inner = lp_inner(op);
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        const int32_t whole = op->dilation_w == 1 && op->groups == 1 && top >= 0 && top + reach_h <= op->in_h;
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            const int32_t left = ox * op->stride_w - op->pad_left;
            if (whole != 0 && ox >= inner.first && ox < inner.last) {
                lp_whole_patch(op, x + (top * op->in_w + left) * op->c_in, run, patches + held * taps);
            } else {
                lp_patch(op, x, depth, top, left, patches + held * taps);
            }
            held++;
            if (held == op->held) {
                lp_dots_s8_rvv(dots, patches, taps, held, y);
                y += held * dots->y_step;
                held = 0;
            }
        }
    }
    if (held > 0) {
        lp_dots_s8_rvv(dots, patches, taps, held, y);
    }
}

void lp_conv2d_s8_rvv(const lp_conv2d_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y,
                      void *restrict scratch)
{
    lp_dots_s8_rvv_t dots = op->dots;
    const int32_t c_out = dots.c_out;
    const int32_t depth = op->groups == 1 ? op->c_in : op->c_in / op->groups;
    for (int32_t group = 0; group < op->groups; group++) {
        lp_group(op, &dots, x + group * depth, y + group * c_out, (int8_t *)scratch);
        dots.w += dots.taps * c_out;
        dots.bias += c_out;
        dots.mult += c_out;
        dots.shift += c_out;
    }
}
