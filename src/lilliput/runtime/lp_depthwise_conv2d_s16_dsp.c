#include "lp_depthwise_conv2d_s16_dsp.h"

#include "lp_dsp_s16.h"
#include "lp_wide_s16.h"

/* Two sums side by side. */
typedef struct {
    int32_t low;
    int32_t high;
} lp_sums_t;

/* Of each tap, the pair of the weights of channels c and c + 1; zero for c + 1 where there is none. */
static void lp_pair_weights(const lp_depthwise_conv2d_s16_dsp_t *op, int32_t c, uint32_t *to)
{
    const int32_t taps = op->kernel_h * op->kernel_w;
    const int8_t *w = op->w + c * taps;
    const int32_t both = c + 1 < op->channels;
    for (int32_t i = 0; i < taps; i++) {
        const uint32_t second = both ? (uint32_t)(uint16_t)w[taps + i] << 16 : 0u;
        to[i] = (uint32_t)(uint16_t)w[i] | second;
    }
}

static inline void lp_tap(const int16_t *x, uint32_t pair, lp_sums_t *sums)
{
    const uint32_t two = lp_load_pair(x);
    sums->low = lp_smlabb(two, pair, sums->low);
    sums->high = lp_smlatt(two, pair, sums->high);
}

/* A window of `rows` x `columns` taps, all inside the image. */
static inline lp_sums_t lp_pair_window(const lp_depthwise_conv2d_s16_dsp_t *op, const int16_t *x, const uint32_t *w,
                                       int32_t rows, int32_t columns, lp_sums_t sums)
{
    const int32_t step = op->channels;
    const int32_t row_step = op->in_w * step;
    LP_ROLLED
    for (; rows > 0; rows--, x += row_step, w += op->kernel_w) {
        if (columns == 3) {
            lp_tap(x, w[0], &sums);
            lp_tap(x + step, w[1], &sums);
            lp_tap(x + 2 * step, w[2], &sums);
        } else {
            const int16_t *from = x;
            LP_ROLLED
            for (int32_t i = 0; i < columns; i++, from += step) {
                lp_tap(from, w[i], &sums);
            }
        }
    }
    return sums;
}

/* The same for one channel. */
static int32_t lp_single_window(const lp_depthwise_conv2d_s16_dsp_t *op, const int16_t *x, const uint32_t *w,
                                int32_t rows, int32_t columns, int32_t acc)
{
    const int32_t step = op->channels;
    for (int32_t i = 0; i < rows; i++) {
        for (int32_t j = 0; j < columns; j++) {
            acc += x[(i * op->in_w + j) * step] * (int16_t)(uint16_t)(w[i * op->kernel_w + j] & 0xffffu);
        }
    }
    return acc;
}

static inline int16_t lp_out(const lp_depthwise_conv2d_s16_dsp_t *op, int32_t acc, int32_t mult, int32_t code)
{
    const int32_t value = code == 0 ? lp_smmulr(acc, mult) : lp_wide_finish(acc, mult, code);
    return (int16_t)lp_clamp_s32(value, op->y_min, op->y_max);
}

/* All positions of channels c and c + 1, or of c alone where it is the last. */
static void lp_channels(const lp_depthwise_conv2d_s16_dsp_t *op, int32_t c, const int16_t *restrict x,
                        const uint32_t *w, int16_t *restrict y)
{
    const int32_t both = c + 1 < op->channels;
    const lp_sums_t bias = {op->bias[c], op->bias[c + both]};
    const int32_t mult[2] = {op->mult[c], op->mult[c + both]};
    const int32_t code[2] = {op->code[c], op->code[c + both]};
    for (int32_t oy = 0, top = -op->pad_top; oy < op->out_h; oy++, top += op->stride_h) {
        const int32_t row = lp_max_s32(top, 0);
        const int32_t rows = lp_min_s32(top + op->kernel_h, op->in_h) - row;
        for (int32_t ox = 0, left = -op->pad_left; ox < op->out_w; ox++, left += op->stride_w, y += op->channels) {
            const int32_t column = lp_max_s32(left, 0);
            const int32_t columns = lp_min_s32(left + op->kernel_w, op->in_w) - column;
            const int16_t *from = x + (row * op->in_w + column) * op->channels;
            const uint32_t *taps = w + (row - top) * op->kernel_w + (column - left);
            if (both) {
                const lp_sums_t sums = lp_pair_window(op, from, taps, rows, columns, bias);
                y[0] = lp_out(op, sums.low, mult[0], code[0]);
                y[1] = lp_out(op, sums.high, mult[1], code[1]);
            } else {
                y[0] = lp_out(op, lp_single_window(op, from, taps, rows, columns, bias.low), mult[0], code[0]);
            }
        }
    }
}

void lp_depthwise_conv2d_s16_dsp(const lp_depthwise_conv2d_s16_dsp_t *op, const int16_t *restrict x,
                                 int16_t *restrict y, void *restrict scratch)
{
    uint32_t *w = (uint32_t *)scratch;
    for (int32_t c = 0; c < op->channels; c += 2) {
        lp_pair_weights(op, c, w);
        lp_channels(op, c, x + c, w, y + c);
    }
}
