#include "lp_conv2d_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

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

/* The patch of `depth` channels from x on whose first tap is at (top, left), somewhere on the image's edge, with a
 * dilation, or of one group among others. */
static LP_NOINLINE void lp_any_patch(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int32_t depth,
                                     int32_t top, int32_t left, int8_t *restrict patch)
{
    const lp_span_t rows = lp_inside(top, op->kernel_h, op->dilation_h, op->in_h);
    const lp_span_t columns = lp_inside(left, op->kernel_w, op->dilation_w, op->in_w);
    const int32_t c_in = op->c_in;
    lp_vfill(patch, op->x_zero, op->dots.taps);
    if (columns.first >= columns.last) {
        return;
    }
    const int32_t whole = op->dilation_w == 1 && depth == c_in; /* the taps of a row lie together */
    const int32_t runs = whole != 0 ? 1 : columns.last - columns.first;
    const int32_t run = whole != 0 ? (columns.last - columns.first) * depth : depth;
    for (int32_t ky = rows.first; ky < rows.last; ky++) {
        const int32_t row = (top + ky * op->dilation_h) * op->in_w;
        const int8_t *from = x + (row + left + columns.first * op->dilation_w) * c_in;
        int8_t *to = patch + (ky * op->kernel_w + columns.first) * depth;
        for (int32_t i = 0; i < runs; i++) {
            lp_vcopy(to + i * depth, from + i * op->dilation_w * c_in, run);
        }
    }
}

/* `count` patches inside the image, the rows of each being runs of `bytes`, the first patch from x on. */
static LP_NOINLINE void lp_inner_patches(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int32_t bytes,
                                         int32_t count, int8_t *restrict to)
{
    const int32_t row = op->dilation_h * op->in_w * op->c_in;
    const int32_t next = op->stride_w * op->c_in;
    const int32_t rows = op->kernel_h;
    for (; count > 0; count--, x += next) {
        const int8_t *from = x;
        if (bytes <= 16) {
            for (int32_t left = rows; left > 0; left--, from += row, to += bytes) {
                lp_vstore_s8_first(to, lp_vload_s8_first(from, bytes), bytes);
            }
        } else {
            for (int32_t left = rows; left > 0; left--, from += row, to += bytes) {
                lp_vcopy(to, from, bytes);
            }
        }
    }
}

/* The outputs of one group: x, y and the arrays of `dots` begin with its channels, `depth` of them in x. */
static void lp_group(const lp_conv2d_s8_mve_t *op, const lp_dots_s8_mve_t *dots, int32_t depth,
                     const int8_t *restrict x, int8_t *restrict y, int8_t *restrict patches)
{
    const int32_t taps = dots->taps;
    const int32_t reach_h = (op->kernel_h - 1) * op->dilation_h + 1;
    const int32_t reach_w = (op->kernel_w - 1) * op->dilation_w + 1;
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        const int32_t top = oy * op->stride_h - op->pad_top;
        const int32_t inner = op->dilation_w == 1 && op->groups == 1 && top >= 0 && top + reach_h <= op->in_h;
        int32_t ox = 0;
        while (ox < op->out_w) {
            const int32_t left = ox * op->stride_w - op->pad_left;
            int32_t count = 1;
            if (inner != 0 && left >= 0 && left + reach_w <= op->in_w) {
                const int32_t inside = (op->in_w - reach_w - left) / op->stride_w + 1;
                count = lp_min_s32(lp_min_s32(inside, op->out_w - ox), op->held - held);
                lp_inner_patches(op, x + (top * op->in_w + left) * op->c_in, op->kernel_w * op->c_in, count,
                                 patches + held * taps);
            } else {
                lp_any_patch(op, x, depth, top, left, patches + held * taps);
            }
            held += count;
            ox += count;
            if (held == op->held) {
                lp_dots_s8_mve(dots, patches, taps, held, y);
                y += held * dots->y_step;
                held = 0;
            }
        }
    }
    if (held > 0) {
        lp_dots_s8_mve(dots, patches, taps, held, y);
    }
}

void lp_conv2d_s8_mve(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int8_t *restrict y, void *restrict scratch)
{
    lp_dots_s8_mve_t dots = op->dots;
    const int32_t fours = (dots.c_out + 3) & ~3; /* channels of a group with those that fill it up */
    const int32_t depth = op->groups == 1 ? op->c_in : op->c_in / op->groups;
    for (int32_t group = 0; group < op->groups; group++) {
        lp_group(op, &dots, depth, x + group * depth, y + group * dots.c_out, (int8_t *)scratch);
        dots.w += fours * dots.taps;
        dots.bias += fours;
        dots.mult += fours;
        dots.shift += fours;
    }
}
