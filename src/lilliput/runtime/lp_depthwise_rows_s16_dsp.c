#include "lp_depthwise_rows_s16_dsp.h"

#include "lp_dsp_s16.h"

/* Two channels at work, and the ring. */
typedef struct {
    int32_t bias[2];
    int32_t mult[2];
    int32_t code[2];
    int32_t from_zero; /* outputs are not below 0 */
    int32_t both;      /* 0 where there is no second channel */
    int32_t columns;   /* of a row of the ring */
    uint32_t *weights; /* pairs, [2 * kernel_h][kernel_w] */
    uint32_t *ring;    /* pairs, [kernel_h][columns] */
} lp_pair_t;

static LP_NOINLINE void lp_pair_weights(const lp_pair_t *pair, const int8_t *w, int32_t taps)
{
    LP_ROLLED
    for (int32_t i = 0; i < taps; i++) {
        const uint32_t second = pair->both != 0 ? (uint32_t)(uint16_t)w[taps + i] << 16 : 0u;
        pair->weights[i] = (uint32_t)(uint16_t)w[i] | second;
        pair->weights[taps + i] = pair->weights[i];
    }
}

/* `count` pixels of two channels; x steps by whole pixels. */
static LP_NOINLINE void lp_gather_pairs(const int16_t *x, int32_t step, int32_t count, uint32_t *to)
{
    LP_ROLLED
    for (; count >= 4; count -= 4, x += 4 * step, to += 4) {
        to[0] = lp_load_pair(x);
        to[1] = lp_load_pair(x + step);
        to[2] = lp_load_pair(x + 2 * step);
        to[3] = lp_load_pair(x + 3 * step);
    }
    LP_ROLLED
    for (; count > 0; count--, x += step) {
        *to++ = lp_load_pair(x);
    }
}

/* The same of the last channel, where it is alone. */
static LP_NOINLINE void lp_gather_singles(const int16_t *x, int32_t step, int32_t count, uint32_t *to)
{
    LP_ROLLED
    for (; count > 0; count--, x += step) {
        *to++ = (uint32_t)(uint16_t)*x;
    }
}

static LP_NOINLINE void lp_clear_pairs(uint32_t *to, int32_t count)
{
    LP_ROLLED
    for (; count > 0; count--) {
        *to++ = 0;
    }
}

#if LP_DSP_NATIVE

/* A window of 3x3 taps: 18 products in 32 instructions; `row` in bytes. */
static inline void lp_three_by_three(const uint32_t *x, const uint32_t *w, int32_t row, int32_t *low, int32_t *high)
{
    uint32_t pair;
    __asm__ volatile("ldm    %[x], {r0, r1, r2}   \n"
                     "ldr    %[pair], [%[w], #0]\n"
                     "smlabb %[a], r0, %[pair], %[a]\n"
                     "smlatt %[b], r0, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #4]\n"
                     "smlabb %[a], r1, %[pair], %[a]\n"
                     "smlatt %[b], r1, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #8]\n"
                     "smlabb %[a], r2, %[pair], %[a]\n"
                     "smlatt %[b], r2, %[pair], %[b]\n"
                     "add    %[x], %[rs]          \n"
                     "ldm    %[x], {r0, r1, r2}   \n"
                     "ldr    %[pair], [%[w], #12]\n"
                     "smlabb %[a], r0, %[pair], %[a]\n"
                     "smlatt %[b], r0, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #16]\n"
                     "smlabb %[a], r1, %[pair], %[a]\n"
                     "smlatt %[b], r1, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #20]\n"
                     "smlabb %[a], r2, %[pair], %[a]\n"
                     "smlatt %[b], r2, %[pair], %[b]\n"
                     "add    %[x], %[rs]          \n"
                     "ldm    %[x], {r0, r1, r2}   \n"
                     "ldr    %[pair], [%[w], #24]\n"
                     "smlabb %[a], r0, %[pair], %[a]\n"
                     "smlatt %[b], r0, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #28]\n"
                     "smlabb %[a], r1, %[pair], %[a]\n"
                     "smlatt %[b], r1, %[pair], %[b]\n"
                     "ldr    %[pair], [%[w], #32]\n"
                     "smlabb %[a], r2, %[pair], %[a]\n"
                     "smlatt %[b], r2, %[pair], %[b]\n"
                     : [x] "+r"(x), [a] "+r"(*low), [b] "+r"(*high), [pair] "=&r"(pair)
                     : [w] "r"(w), [rs] "r"(row)
                     : "r0", "r1", "r2", "memory");
}

/* A row of `count` taps, 1 or more. */
static inline const uint32_t *lp_taps(const uint32_t *x, const uint32_t *w, int32_t count, int32_t *low, int32_t *high)
{
    __asm__ volatile("lsrs   %[n], %[n], #1       \n" /* an odd tap first, then two at a time */
                     "bcc    1f                   \n"
                     "ldr    r0, [%[x]], #4       \n"
                     "ldr    r2, [%[w]], #4       \n"
                     "smlabb %[a], r0, r2, %[a]   \n"
                     "smlatt %[b], r0, r2, %[b]   \n"
                     "cmp    %[n], #0             \n"
                     "beq    2f                   \n"
                     "1:                          \n"
                     "ldm    %[x]!, {r0, r1}      \n"
                     "ldm    %[w]!, {r2, r3}      \n"
                     "subs   %[n], #1             \n"
                     "smlabb %[a], r0, r2, %[a]   \n"
                     "smlatt %[b], r0, r2, %[b]   \n"
                     "smlabb %[a], r1, r3, %[a]   \n"
                     "smlatt %[b], r1, r3, %[b]   \n"
                     "bne    1b                   \n"
                     "2:                          \n"
                     : [x] "+r"(x), [w] "+r"(w), [n] "+r"(count), [a] "+r"(*low), [b] "+r"(*high)
                     :
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    return w;
}

#else

static inline const uint32_t *lp_taps(const uint32_t *x, const uint32_t *w, int32_t count, int32_t *low, int32_t *high)
{
    for (; count > 0; count--, x++, w++) {
        *low = lp_smlabb(*x, *w, *low);
        *high = lp_smlatt(*x, *w, *high);
    }
    return w;
}

static inline void lp_three_by_three(const uint32_t *x, const uint32_t *w, int32_t row, int32_t *low, int32_t *high)
{
    for (int32_t ky = 0; ky < 3; ky++, x += row / 4) {
        w = lp_taps(x, w, 3, low, high);
    }
}

#endif

static inline void lp_finish_pair(const lp_pair_t *pair, int32_t low, int32_t high, int16_t *y)
{
    y[0] = lp_short_finish(low, pair->mult[0], pair->code[0], pair->from_zero);
    if (pair->both != 0) {
        y[1] = lp_short_finish(high, pair->mult[1], pair->code[1], pair->from_zero);
    }
}

/* How outputs are finished: in general, or all by one instruction and cut off as int16 or below 0 too. */
enum { LP_GENERAL, LP_PLAIN, LP_PLAIN_FROM_ZERO };

static inline void lp_outputs_3x3(const lp_pair_t *pair, const uint32_t *w, int32_t stride, int32_t count, int32_t step,
                                  int16_t *y, const int kind)
{
    const uint32_t *x = pair->ring;
    const int32_t row = 4 * pair->columns;
    LP_ROLLED
    for (; count > 0; count--, x += stride, y += step) {
        int32_t low = pair->bias[0];
        int32_t high = pair->bias[1];
        lp_three_by_three(x, w, row, &low, &high);
        if (kind == LP_GENERAL) {
            lp_finish_pair(pair, low, high, y);
        } else {
            low = lp_smmulr(low, pair->mult[0]);
            high = lp_smmulr(high, pair->mult[1]);
            y[0] = (int16_t)(kind == LP_PLAIN ? lp_ssat16(low) : lp_usat15(low));
            y[1] = (int16_t)(kind == LP_PLAIN ? lp_ssat16(high) : lp_usat15(high));
        }
    }
}

/* `count` outputs of a row, for 3x3 taps; w are the weights from the oldest row on. */
static LP_NOINLINE void lp_row_3x3(const lp_pair_t *pair, const uint32_t *w, int32_t stride, int32_t count, int32_t step,
                                   int16_t *y)
{
    if (pair->both == 0 || (pair->code[0] | pair->code[1]) != 0) {
        lp_outputs_3x3(pair, w, stride, count, step, y, LP_GENERAL);
    } else if (pair->from_zero == 0) {
        lp_outputs_3x3(pair, w, stride, count, step, y, LP_PLAIN);
    } else {
        lp_outputs_3x3(pair, w, stride, count, step, y, LP_PLAIN_FROM_ZERO);
    }
}

/* The same for any kernel. */
static LP_NOINLINE void lp_row_any(const lp_depthwise_rows_s16_dsp_t *op, const lp_pair_t *pair, const uint32_t *weights,
                                   int16_t *y)
{
    for (int32_t ox = 0; ox < op->out_w; ox++, y += op->channels) {
        const uint32_t *x = pair->ring + ox * op->stride_w;
        const uint32_t *w = weights;
        int32_t low = pair->bias[0];
        int32_t high = pair->bias[1];
        LP_ROLLED
        for (int32_t ky = op->kernel_h; ky > 0; ky--, x += pair->columns) {
            w = lp_taps(x, w, op->kernel_w, &low, &high);
        }
        lp_finish_pair(pair, low, high, y);
    }
}

/* All outputs of channel c and the next. */
static void lp_two_channels(const lp_depthwise_rows_s16_dsp_t *op, const lp_pair_t *pair, const int16_t *x, int16_t *y)
{
    const int32_t width = lp_min_s32(op->in_w, pair->columns - op->pad_left);
    const int32_t row = op->in_w * op->channels;
    int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
    int32_t slot = 0;            /* and where; the oldest row lies there till then */
    lp_clear_pairs(pair->ring, op->kernel_h * pair->columns);
    for (int32_t oy = 0; oy < op->out_h; oy++, y += op->out_w * op->channels) {
        for (const int32_t end = oy * op->stride_h - op->pad_top + op->kernel_h; next < end; next++) {
            uint32_t *to = pair->ring + slot * pair->columns;
            if (next >= op->in_h) {
                lp_clear_pairs(to, pair->columns);
            } else if (next >= 0) {
                const int16_t *from = x + next * row;
                if (pair->both != 0) {
                    lp_gather_pairs(from, op->channels, width, to + op->pad_left);
                } else {
                    lp_gather_singles(from, op->channels, width, to + op->pad_left);
                }
            }
            slot = slot + 1 < op->kernel_h ? slot + 1 : 0;
        }
        const uint32_t *w = pair->weights + (slot == 0 ? 0 : op->kernel_h - slot) * op->kernel_w;
        if (op->kernel_h == 3 && op->kernel_w == 3) {
            lp_row_3x3(pair, w, op->stride_w, op->out_w, op->channels, y);
        } else {
            lp_row_any(op, pair, w, y);
        }
    }
}

void lp_depthwise_rows_s16_dsp(const lp_depthwise_rows_s16_dsp_t *op, const int16_t *x, int16_t *y, void *scratch)
{
    const int32_t taps = op->kernel_h * op->kernel_w;
    for (int32_t c = 0; c < op->channels; c += 2) {
        const int32_t both = c + 1 < op->channels;
        const lp_pair_t pair = {
            .bias = {op->bias[c], op->bias[c + both]},
            .mult = {op->mult[c], op->mult[c + both]},
            .code = {op->code[c], op->code[c + both]},
            .from_zero = op->y_min == 0,
            .both = both,
            .columns = (op->out_w - 1) * op->stride_w + op->kernel_w,
            .weights = (uint32_t *)scratch,
            .ring = (uint32_t *)scratch + 2 * taps,
        };
        lp_pair_weights(&pair, op->w + c * taps, taps);
        lp_two_channels(op, &pair, x + c, y + c);
    }
    lp_clamp_run_s16(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
}
