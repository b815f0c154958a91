#include "lp_conv2d_f32.h"

#include "lp_tile_f32.h"

/* Taps first <= k < end of one axis. */
typedef struct {
    int32_t first;
    int32_t end;
} lp_taps_t;

/* One output row of some channels: where its taps lie. */
typedef struct {
    const float *x;
    const float *w;
    const float *bias;
    float *y;
    lp_taps_t rows;
    int32_t from;    /* place in x of the pixel under tap (0, 0) of the first output; below 0 where that is padding */
    int32_t depth;   /* input channels */
    int32_t run;     /* taps that lie side by side: whole rows of the kernel, or one column's */
    int32_t columns; /* kernel columns in a run */
} lp_line_t;

/* The taps that fall inside an image of `length` where tap 0 falls on `at`. */
static lp_taps_t lp_inside(int32_t at, int32_t length, int32_t kernel, int32_t dilation)
{
    lp_taps_t taps = {0, kernel};
    if (at < 0) {
        taps.first = (-at + dilation - 1) / dilation;
    }
    if (at + (kernel - 1) * dilation >= length) {
        taps.end = length <= at ? 0 : (length - at + dilation - 1) / dilation;
    }
    return taps;
}

/* 4 outputs of a row times 4 channels, no tap outside the columns of the image. */
static LP_NOINLINE void lp_tile(const lp_conv2d_f32_t *op, const lp_line_t *line, int32_t from, float *restrict y)
{
    const lp_four_t start = lp_load_four(line->bias);
    lp_tile_t sum = {start, start, start, start};
    for (int32_t ky = line->rows.first; ky < line->rows.end; ky++) {
        for (int32_t kx = 0; kx < op->kernel_w; kx += line->columns) {
            const float *x = line->x + (from + (ky * op->dilation_h * op->in_w + kx * op->dilation_w) * op->c_in);
            const float *w = line->w + (ky * op->kernel_w + kx) * line->depth * 4;
            lp_tile_taps(&sum, x, op->stride_w * op->c_in, w, line->run);
        }
    }
    const int32_t step = op->c_out;
    lp_store_four(y, &sum.p, op->y_min, op->y_max);
    lp_store_four(y + step, &sum.q, op->y_min, op->y_max);
    lp_store_four(y + 2 * step, &sum.r, op->y_min, op->y_max);
    lp_store_four(y + 3 * step, &sum.s, op->y_min, op->y_max);
}

/* One output times 4 channels, the taps `columns` of each row. */
static LP_NOINLINE void lp_four(const lp_conv2d_f32_t *op, const lp_line_t *line, lp_taps_t columns, int32_t from,
                                float *restrict y)
{
    lp_four_t sum = lp_load_four(line->bias);
    const int32_t taken = line->columns > 1 ? columns.end - columns.first : 1;
    for (int32_t ky = line->rows.first; ky < line->rows.end; ky++) {
        for (int32_t kx = columns.first; kx < columns.end; kx += taken) {
            const float *x = line->x + (from + (ky * op->dilation_h * op->in_w + kx * op->dilation_w) * op->c_in);
            lp_four_taps(&sum, x, line->w + (ky * op->kernel_w + kx) * line->depth * 4, taken * line->depth);
        }
    }
    lp_store_four(y, &sum, op->y_min, op->y_max);
}

/* One output of one channel. */
static LP_NOINLINE void lp_one(const lp_conv2d_f32_t *op, const lp_line_t *line, lp_taps_t columns, int32_t from,
                               float *restrict y)
{
    float sum = line->bias[0];
    const int32_t taken = line->columns > 1 ? columns.end - columns.first : 1;
    for (int32_t ky = line->rows.first; ky < line->rows.end; ky++) {
        for (int32_t kx = columns.first; kx < columns.end; kx += taken) {
            const float *x = line->x + (from + (ky * op->dilation_h * op->in_w + kx * op->dilation_w) * op->c_in);
            sum = lp_one_taps(sum, x, line->w + (ky * op->kernel_w + kx) * line->depth, taken * line->depth);
        }
    }
    *y = lp_within(sum, op->y_min, op->y_max);
}

/* One row of outputs of `channels` channels, 4 or 1. */
static void lp_row(const lp_conv2d_f32_t *op, const lp_line_t *line, int32_t channels)
{
    const int32_t step = op->stride_w;
    const int32_t last = (op->kernel_w - 1) * op->dilation_w;
    int32_t ox = 0;
    while (ox < op->out_w) {
        const int32_t at = ox * step - op->pad_left;
        const int32_t from = line->from + ox * step * op->c_in;
        float *y = line->y + ox * op->c_out;
        if (channels == 4 && ox + 4 <= op->out_w && at >= 0 && at + 3 * step + last < op->in_w) {
            lp_tile(op, line, from, y);
            ox += 4;
            continue;
        }
        const lp_taps_t columns = lp_inside(at, op->in_w, op->kernel_w, op->dilation_w);
        if (channels == 4) {
            lp_four(op, line, columns, from, y);
        } else {
            lp_one(op, line, columns, from, y);
        }
        ox++;
    }
}

void lp_conv2d_f32(const lp_conv2d_f32_t *op, const float *restrict x, float *restrict y)
{
    lp_line_t line;
    line.depth = op->c_in / op->groups;
    line.columns = op->dilation_w == 1 && op->groups == 1 ? op->kernel_w : 1;
    line.run = line.columns * line.depth;
    line.x = x;
    line.w = op->w;
    const int32_t width = op->c_out / op->groups;
    for (int32_t first = 0; first < op->c_out; first += width) {
        const int32_t from = first / width * line.depth - op->pad_left * op->c_in;
        int32_t channels = 4;
        for (int32_t o = first; o < first + width; o += channels) {
            channels = first + width - o >= 4 ? 4 : 1;
            line.bias = op->bias + o;
            for (int32_t oy = 0; oy < op->out_h; oy++) {
                const int32_t top = oy * op->stride_h - op->pad_top;
                line.rows = lp_inside(top, op->in_h, op->kernel_h, op->dilation_h);
                line.from = top * op->in_w * op->c_in + from;
                line.y = y + oy * op->out_w * op->c_out + o;
                lp_row(op, &line, channels);
            }
            line.w += channels * op->kernel_h * op->kernel_w * line.depth;
        }
    }
}
