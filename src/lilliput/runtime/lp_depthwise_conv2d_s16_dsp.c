#include "lp_depthwise_conv2d_s16_dsp.h"

#include "lp_dsp_s16.h"

/* Two channels at work. */
typedef struct {
    int32_t step;     /* bytes to the next pixel, */
    int32_t row_step; /* and to the next row */
    int32_t rows;     /* of the window, inside the image */
    int32_t bias[2];
    int32_t mult[2];
    int32_t code[2];
} lp_pair_t;

static LP_NOINLINE void lp_pair_weights(const int8_t *w, int32_t taps, uint32_t *to)
{
    LP_ROLLED
    for (int32_t i = 0; i < taps; i++) {
        to[i] = (uint32_t)(uint16_t)w[i] | (uint32_t)(uint16_t)w[taps + i] << 16;
    }
}

#if LP_DSP_NATIVE

/* A window of 3x3 taps inside the image; steps in bytes. */
static inline void lp_three_by_three(const int16_t *x, const uint32_t *w, int32_t step, int32_t row_step, int32_t *low,
                                     int32_t *high)
{
    uint32_t two;
    uint32_t pair;
    __asm__ volatile("ldr    %[two], [%[x]]\n"
                     "ldr    %[pair], [%[w], #0]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s]]\n"
                     "ldr    %[pair], [%[w], #4]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s], lsl #1]\n"
                     "ldr    %[pair], [%[w], #8]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "add    %[x], %[rs]\n"
                     "ldr    %[two], [%[x]]\n"
                     "ldr    %[pair], [%[w], #12]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s]]\n"
                     "ldr    %[pair], [%[w], #16]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s], lsl #1]\n"
                     "ldr    %[pair], [%[w], #20]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "add    %[x], %[rs]\n"
                     "ldr    %[two], [%[x]]\n"
                     "ldr    %[pair], [%[w], #24]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s]]\n"
                     "ldr    %[pair], [%[w], #28]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     "ldr    %[two], [%[x], %[s], lsl #1]\n"
                     "ldr    %[pair], [%[w], #32]\n"
                     "smlabb %[a], %[two], %[pair], %[a]\n"
                     "smlatt %[b], %[two], %[pair], %[b]\n"
                     : [x] "+r"(x), [a] "+r"(*low), [b] "+r"(*high), [two] "=&r"(two), [pair] "=&r"(pair)
                     : [w] "r"(w), [s] "r"(step), [rs] "r"(row_step)
                     : "memory");
}

/* Any window inside the image; steps in bytes. */
static inline void lp_window(const int16_t *x, const uint32_t *w, int32_t rows, int32_t columns, int32_t step,
                             int32_t row_step, int32_t w_step, int32_t *low, int32_t *high)
{
    uint32_t two;
    uint32_t pair;
    for (; rows > 0; rows--) {
        const int16_t *at = x;
        const uint32_t *tap = w;
        int32_t n = columns;
        __asm__ volatile("lsrs   %[n], %[n], #1           \n" /* an odd tap first, then two at a time */
                         "bcc    1f                       \n"
                         "ldr    %[two], [%[x]]           \n"
                         "ldr    %[pair], [%[w]], #4      \n"
                         "add    %[x], %[s]               \n"
                         "smlabb %[a], %[two], %[pair], %[a] \n"
                         "smlatt %[b], %[two], %[pair], %[b] \n"
                         "cmp    %[n], #0                 \n"
                         "beq    2f                       \n"
                         "1:                              \n"
                         "ldr    %[two], [%[x]]           \n"
                         "ldr    %[pair], [%[w]], #4      \n"
                         "smlabb %[a], %[two], %[pair], %[a] \n"
                         "smlatt %[b], %[two], %[pair], %[b] \n"
                         "ldr    %[two], [%[x], %[s]]     \n"
                         "ldr    %[pair], [%[w]], #4      \n"
                         "add    %[x], %[x], %[s], lsl #1 \n"
                         "smlabb %[a], %[two], %[pair], %[a] \n"
                         "smlatt %[b], %[two], %[pair], %[b] \n"
                         "subs   %[n], #1                 \n"
                         "bne    1b                       \n"
                         "2:                              \n"
                         : [x] "+r"(at), [w] "+r"(tap), [n] "+r"(n), [a] "+r"(*low), [b] "+r"(*high),
                           [two] "=&r"(two), [pair] "=&r"(pair)
                         : [s] "r"(step)
                         : "cc", "memory");
        x += row_step / 2;
        w += w_step / 4;
    }
}

#else

static inline void lp_window(const int16_t *x, const uint32_t *w, int32_t rows, int32_t columns, int32_t step,
                             int32_t row_step, int32_t w_step, int32_t *low, int32_t *high)
{
    for (; rows > 0; rows--, x += row_step / 2, w += w_step / 4) {
        for (int32_t i = 0; i < columns; i++) {
            const uint32_t two = lp_load_pair(x + i * (step / 2));
            *low = lp_smlabb(two, w[i], *low);
            *high = lp_smlatt(two, w[i], *high);
        }
    }
}

static inline void lp_three_by_three(const int16_t *x, const uint32_t *w, int32_t step, int32_t row_step, int32_t *low,
                                     int32_t *high)
{
    lp_window(x, w, 3, 3, step, row_step, 12, low, high);
}

#endif

/* `count` neighbouring outputs whose windows meet the image in as many rows and columns; x and w are the first tap. */
static LP_NOINLINE void lp_pair_run(const lp_depthwise_conv2d_s16_dsp_t *op, const lp_pair_t *pair, const int16_t *x,
                                    const uint32_t *w, int32_t columns, int32_t count, int16_t *restrict y)
{
    const int32_t next = op->stride_w * op->channels;
    LP_ROLLED
    for (; count > 0; count--, x += next, y += op->channels) {
        int32_t low = pair->bias[0];
        int32_t high = pair->bias[1];
        lp_window(x, w, pair->rows, columns, pair->step, pair->row_step, 4 * op->kernel_w, &low, &high);
        y[0] = lp_short_finish(low, pair->mult[0], pair->code[0]);
        y[1] = lp_short_finish(high, pair->mult[1], pair->code[1]);
    }
}

/* The same for whole windows of 3x3. */
static LP_NOINLINE void lp_pair_run_3x3(const lp_pair_t *pair, int32_t next, const int16_t *x, const uint32_t *w,
                                        int32_t count, int16_t *restrict y)
{
    LP_ROLLED
    for (; count > 0; count--, x += next, y += pair->step / 2) {
        int32_t low = pair->bias[0];
        int32_t high = pair->bias[1];
        lp_three_by_three(x, w, pair->step, pair->row_step, &low, &high);
        y[0] = lp_short_finish(low, pair->mult[0], pair->code[0]);
        y[1] = lp_short_finish(high, pair->mult[1], pair->code[1]);
    }
}

/* A row of outputs of two channels; x is the first image row of the windows, w the taps that meet it. */
static LP_NOINLINE void lp_pair_row(const lp_depthwise_conv2d_s16_dsp_t *op, const lp_pair_t *pair, const int16_t *x,
                                    const uint32_t *w, int16_t *y)
{
    for (int32_t ox = 0, count = 1; ox < op->out_w; ox += count, y += count * op->channels) {
        const int32_t left = ox * op->stride_w - op->pad_left;
        const int32_t column = lp_max_s32(left, 0);
        const int32_t columns = lp_min_s32(left + op->kernel_w, op->in_w) - column;
        const int32_t whole = (op->in_w - op->kernel_w - left) / op->stride_w + 1; /* windows without a border */
        count = columns < op->kernel_w ? 1 : lp_min_s32(whole, op->out_w - ox);
        const int16_t *from = x + column * op->channels;
        if (columns == 3 && op->kernel_w == 3 && pair->rows == 3) {
            lp_pair_run_3x3(pair, op->stride_w * op->channels, from, w, count, y);
        } else {
            lp_pair_run(op, pair, from, w + (column - left), columns, count, y);
        }
    }
}

/* A row of outputs of one channel. */
static LP_NOINLINE void lp_single_row(const lp_depthwise_conv2d_s16_dsp_t *op, int32_t c, const int16_t *x,
                                      const int8_t *w, int32_t rows, int16_t *y)
{
    for (int32_t ox = 0, left = -op->pad_left; ox < op->out_w; ox++, left += op->stride_w, y += op->channels) {
        const int32_t column = lp_max_s32(left, 0);
        const int32_t columns = lp_min_s32(left + op->kernel_w, op->in_w) - column;
        int32_t acc = op->bias[c];
        for (int32_t i = 0; i < rows; i++) {
            for (int32_t j = 0; j < columns; j++) {
                acc += x[(i * op->in_w + column + j) * op->channels] * w[i * op->kernel_w + column - left + j];
            }
        }
        y[0] = lp_short_finish(acc, op->mult[c], op->code[c]);
    }
}

void lp_depthwise_conv2d_s16_dsp(const lp_depthwise_conv2d_s16_dsp_t *op, const int16_t *restrict x,
                                 int16_t *restrict y, void *restrict scratch)
{
    const int32_t taps = op->kernel_h * op->kernel_w;
    uint32_t *const w = (uint32_t *)scratch;
    for (int32_t c = 0; c < op->channels; c += 2) {
        const int32_t both = c + 1 < op->channels;
        lp_pair_t pair = {
            .step = 2 * op->channels,
            .row_step = 2 * op->in_w * op->channels,
            .bias = {op->bias[c], op->bias[c + both]},
            .mult = {op->mult[c], op->mult[c + both]},
            .code = {op->code[c], op->code[c + both]},
        };
        if (both) {
            lp_pair_weights(op->w + c * taps, taps, w);
        }
        for (int32_t oy = 0, top = -op->pad_top; oy < op->out_h; oy++, top += op->stride_h) {
            const int32_t row = lp_max_s32(top, 0);
            pair.rows = lp_min_s32(top + op->kernel_h, op->in_h) - row;
            const int32_t skipped = (row - top) * op->kernel_w;
            const int16_t *from = x + row * op->in_w * op->channels + c;
            int16_t *to = y + oy * op->out_w * op->channels + c;
            if (both) {
                lp_pair_row(op, &pair, from, w + skipped, to);
            } else {
                lp_single_row(op, c, from, op->w + c * taps + skipped, pair.rows, to);
            }
        }
    }
    if (op->y_min > -32768 || op->y_max < 32767) {
        lp_clamp_run_s16(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
    }
}
