/* The trains that the window of a convolution meets at one place of its output, as runs of neighbours.
 *
 * A run is `count` trains from x[at] on, under the taps from `tap` on. Padding is no part of any run: it never fires.
 */
#ifndef LP_SPIKE_RUN_H
#define LP_SPIKE_RUN_H

#include <stdint.h>

typedef struct {
    int32_t at;
    int32_t count;
    int32_t tap;
} lp_spike_run_t;

typedef struct {
    int32_t in_h;
    int32_t in_w;
    int32_t c_in;
    int32_t out_h;
    int32_t out_w;
    int32_t kernel_h;
    int32_t kernel_w;
    int32_t stride_h;
    int32_t stride_w;
    int32_t pad_top;
    int32_t pad_left;
    int32_t dilation_h;
    int32_t dilation_w;
} lp_spike_window_t;

/* Writes the runs of one row of the window, whose row of x is iy and whose first tap is `tap`; gives their end. */
static inline lp_spike_run_t *lp_spike_row(const lp_spike_window_t *op, int32_t iy, int32_t left, int32_t tap,
                                           lp_spike_run_t *to)
{
    if (op->dilation_w == 1) {
        const int32_t from = left < 0 ? -left : 0;
        const int32_t room = op->in_w - left;
        const int32_t end = room < op->kernel_w ? room : op->kernel_w;
        if (end > from) {
            to->at = (iy * op->in_w + left + from) * op->c_in;
            to->count = (end - from) * op->c_in;
            to->tap = tap + from * op->c_in;
            to++;
        }
        return to;
    }
    for (int32_t kx = 0; kx < op->kernel_w; kx++, tap += op->c_in) {
        const int32_t ix = left + kx * op->dilation_w;
        if (ix >= 0 && ix < op->in_w) {
            to->at = (iy * op->in_w + ix) * op->c_in;
            to->count = op->c_in;
            to->tap = tap;
            to++;
        }
    }
    return to;
}

/* Writes the runs at the place (oy, ox) of the output; gives their end. There is room for kernel_h of them, or
 * kernel_h * kernel_w where dilation_w is above 1. */
static inline const lp_spike_run_t *lp_spike_runs(const lp_spike_window_t *op, int32_t oy, int32_t ox,
                                                  lp_spike_run_t *to)
{
    const int32_t left = ox * op->stride_w - op->pad_left;
    int32_t iy = oy * op->stride_h - op->pad_top;
    int32_t tap = 0;
    for (int32_t ky = 0; ky < op->kernel_h; ky++, iy += op->dilation_h, tap += op->kernel_w * op->c_in) {
        if (iy >= 0 && iy < op->in_h) {
            to = lp_spike_row(op, iy, left, tap, to);
        }
    }
    return to;
}

#endif
