#include "lp_conv2d_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

/* Taps from the first to before the last that lie inside an axis of `size`, the first tap being at `at`. */
typedef struct {
    int32_t first;
    int32_t last;
} lp_span_t;

static inline lp_span_t lp_inside(int32_t at, int32_t taps, int32_t dilation, int32_t size)
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

/* The patch whose first tap is at (top, left). */
static LP_NOINLINE void lp_patch(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int32_t top, int32_t left,
                                 int8_t *restrict patch)
{
    const lp_span_t rows = lp_inside(top, op->kernel_h, op->dilation_h, op->in_h);
    const lp_span_t columns = lp_inside(left, op->kernel_w, op->dilation_w, op->in_w);
    const int32_t c_in = op->c_in;
    const int32_t run = op->kernel_w * c_in;
    const int32_t bytes = (columns.last - columns.first) * c_in;
    if (bytes < run || rows.last - rows.first < op->kernel_h) {
        lp_vfill(patch, op->x_zero, op->dots.taps);
    }
    if (rows.first >= rows.last || columns.first >= columns.last) {
        return;
    }
    const int32_t step = op->dilation_h * op->in_w * c_in;
    const int32_t column = left + columns.first * op->dilation_w;
    const int8_t *from = x + ((top + rows.first * op->dilation_h) * op->in_w + column) * c_in;
    int8_t *to = patch + (rows.first * op->kernel_w + columns.first) * c_in;
    for (int32_t left_rows = rows.last - rows.first; left_rows > 0; left_rows--, from += step, to += run) {
        if (op->dilation_w == 1) {
            lp_vcopy(to, from, bytes);
            continue;
        }
        for (int32_t tap = 0; tap < columns.last - columns.first; tap++) {
            lp_vcopy(to + tap * c_in, from + tap * op->dilation_w * c_in, c_in);
        }
    }
}

void lp_conv2d_s8_mve(const lp_conv2d_s8_mve_t *op, const int8_t *restrict x, int8_t *restrict y, void *restrict scratch)
{
    const int32_t taps = op->dots.taps;
    int8_t *patches = (int8_t *)scratch;
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (int32_t ox = 0; ox < op->out_w; ox++) {
            lp_patch(op, x, oy * op->stride_h - op->pad_top, ox * op->stride_w - op->pad_left, patches + held * taps);
            if (++held == op->held) {
                lp_dots_s8_mve(&op->dots, patches, taps, held, y);
                y += held * op->dots.c_out;
                held = 0;
            }
        }
    }
    if (held > 0) {
        lp_dots_s8_mve(&op->dots, patches, taps, held, y);
    }
}
