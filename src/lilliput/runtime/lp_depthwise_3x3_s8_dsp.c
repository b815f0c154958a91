#include "lp_depthwise_3x3_s8_dsp.h"

#include "lp_requantise_x256.h"
#include "lp_widen_rows.h"

/* The constants of one channel, and of a row of its outputs. The assembly below knows the order. */
typedef struct {
    uint32_t w[3][2]; /* a row of taps as the pairs (w0, w1) and (w1, w2), times 256 */
    int32_t mult;
    int32_t round;
    int32_t code;
    int32_t bias;
    int32_t count;    /* outputs of a row */
    int32_t step;     /* bytes from one to the next */
    int32_t stride_w;
    int32_t y_offset;
} lp_channel_t;

/* Three padded rows, from the top; each starts at a multiple of 4 bytes. */
typedef struct {
    int16_t *row[3];
} lp_rows_t;

static LP_NOINLINE void lp_set_channel(const lp_depthwise_3x3_s8_dsp_t *op, int32_t c, lp_channel_t *made)
{
    made->mult = op->mult[c];
    made->code = op->shift[c];
    made->round = made->code > 0 ? lp_round_x256(op->y_offset, made->code) : 0;
    made->bias = op->bias[c];
    const int8_t *w = op->w + 9 * c;
    LP_ROLLED
    for (int32_t ky = 0; ky < 3; ky++, w += 3) {
        const uint32_t middle = (uint32_t)(uint8_t)w[1];
        made->w[ky][0] = (uint32_t)(uint8_t)w[0] << 8 | middle << 24;
        made->w[ky][1] = middle << 8 | (uint32_t)(uint8_t)w[2] << 24;
    }
}

/* One row of outputs in C: the whole meaning. */
static LP_NOINLINE void lp_any_row(const lp_channel_t *channel, const lp_rows_t *rows, int8_t *y)
{
    for (int32_t ox = 0; ox < channel->count; ox++, y += channel->step) {
        int32_t acc = channel->bias;
        for (int32_t ky = 0; ky < 3; ky++) {
            const int16_t *from = rows->row[ky] + ox * channel->stride_w;
            acc = lp_smlad(lp_load_pair(from), channel->w[ky][0], acc);
            acc = lp_smlabt((uint16_t)from[2], channel->w[ky][1], acc);
        }
        *y = channel->code > 0 ? lp_requantise_x256(acc, channel->mult, channel->round, channel->code)
                               : lp_requantise_x256_long(acc, channel->mult, channel->y_offset, channel->code);
    }
}

#if LP_DSP_NATIVE

/* One row of taps for two outputs; r0 and r1 are their accumulators, r2 and r3 become the pairs of weights. */
#define LP_TAPS_STRIDE_1(row, at)                                                                                     \
    "ldrd   r2, r3, [%[channel], " at "] \n"                                                                          \
    "ldrd   %[a], %[b], [%[" row "]], #4 \n"                                                                          \
    "smlad  r0, %[a], r2, r0            \n"                                                                           \
    "smlatb r1, %[a], r2, r1            \n"                                                                           \
    "smlabt r0, %[b], r3, r0            \n"                                                                           \
    "smlad  r1, %[b], r3, r1            \n"

#define LP_TAPS_STRIDE_2(row, at)                                                                                     \
    "ldrd   r2, r3, [%[channel], " at "] \n"                                                                          \
    "ldrd   %[a], %[b], [%[" row "]], #8 \n"                                                                          \
    "smlad  r0, %[a], r2, r0            \n"                                                                           \
    "ldr    %[a], [%[" row "]]          \n"                                                                           \
    "smlad  r1, %[b], r2, r1            \n"                                                                           \
    "smlabt r0, %[b], r3, r0            \n"                                                                           \
    "smlabt r1, %[a], r3, r1            \n"

/* lp_requantise_x256; mult in r2, round in r3, code in b. */
#define LP_FINISH(acc)                                                                                                \
    "asr    %[a], " acc ", #31          \n"                                                                           \
    "add    %[a], r3, %[a], lsl #7      \n"                                                                           \
    "smmla  " acc ", " acc ", r2, %[a]  \n"                                                                           \
    "asr    " acc ", %[b]               \n"                                                                           \
    "ssat   " acc ", #8, " acc "        \n"

/* One row of outputs of a channel with code > 0, two at a time. */
#define LP_ROW(TAPS)                                                                                                  \
    __asm__ volatile(                                                                                                 \
            "1:                             \n"                                                                       \
            "ldr    r0, [%[channel], #36]   \n" /* bias */                                                            \
            "mov    r1, r0                  \n"                                                                       \
            TAPS("top", "#0")                                                                                         \
            TAPS("middle", "#8")                                                                                      \
            TAPS("bottom", "#16")                                                                                     \
            "ldrd   r2, r3, [%[channel], #24] \n" /* mult, round */                                                   \
            "ldr    %[b], [%[channel], #32] \n" /* code */                                                            \
            LP_FINISH("r0")                                                                                           \
            LP_FINISH("r1")                                                                                           \
            "strb   r0, [%[y]]              \n"                                                                       \
            "subs   %[count], #2            \n"                                                                       \
            "bmi    2f                      \n" /* an odd row ends with one output */                                 \
            "strb   r1, [%[y], %[step]]     \n"                                                                       \
            "add    %[y], %[y], %[step], lsl #1 \n"                                                                   \
            "bne    1b                      \n"                                                                       \
            "2:                             \n"                                                                       \
            : [top] "+&r"(top), [middle] "+&r"(middle), [bottom] "+&r"(bottom), [y] "+&r"(y), [count] "+&r"(count),   \
              [a] "=&r"(a), [b] "=&r"(b)                                                                              \
            : [channel] "r"(channel), [step] "r"(step)                                                                \
            : "r0", "r1", "r2", "r3", "cc", "memory")

#define LP_DEFINE_ROW(name, TAPS)                                                                                     \
    static LP_NOINLINE void name(const lp_channel_t *channel, const lp_rows_t *rows, int8_t *y)                       \
    {                                                                                                                 \
        const int16_t *top = rows->row[0];                                                                            \
        const int16_t *middle = rows->row[1];                                                                         \
        const int16_t *bottom = rows->row[2];                                                                         \
        const int32_t step = channel->step;                                                                           \
        int32_t count = channel->count;                                                                               \
        uint32_t a;                                                                                                   \
        uint32_t b;                                                                                                   \
        LP_ROW(TAPS);                                                                                                 \
    }

LP_DEFINE_ROW(lp_row_stride_1, LP_TAPS_STRIDE_1)
LP_DEFINE_ROW(lp_row_stride_2, LP_TAPS_STRIDE_2)

#else

static void lp_row_stride_1(const lp_channel_t *channel, const lp_rows_t *rows, int8_t *y)
{
    lp_any_row(channel, rows, y);
}

static void lp_row_stride_2(const lp_channel_t *channel, const lp_rows_t *rows, int8_t *y)
{
    lp_any_row(channel, rows, y);
}

#endif

/* All rows of one channel. */
static void lp_plane(const lp_depthwise_3x3_s8_dsp_t *op, const lp_channel_t *channel, const int8_t *x, int8_t *y,
                     int16_t *ring)
{
    const int32_t columns = (op->out_w + 1) / 2 * op->stride_w * 2 + 2;
    const int32_t width = lp_min_s32(op->in_w, columns - op->pad_left);
    const int32_t step = op->channels;
    const int16_t zero = (int16_t)-op->x_offset;
    lp_rows_t rows = {{ring, ring + columns, ring + 2 * columns}};
    int32_t skip = op->pad_top; /* rows of padding before the row of x that goes into the ring next */
    int32_t left = op->in_h;    /* rows of x from that one on */
    int32_t wanted = 3;
    lp_fill_row(zero, 3 * columns, ring);
    for (int32_t oy = op->out_h; oy > 0; oy--) {
        for (; wanted > 0; wanted--) {
            int16_t *oldest = rows.row[0];
            rows.row[0] = rows.row[1];
            rows.row[1] = rows.row[2];
            rows.row[2] = oldest;
            if (skip > 0) {
                skip--; /* the ring is padding as yet */
            } else if (left > 0) {
                lp_widen_row(x, step, width, oldest + op->pad_left);
                x += step * op->in_w;
                left--;
            } else {
                lp_fill_row(zero, columns, oldest);
            }
        }
        if (channel->code <= 0) {
            lp_any_row(channel, &rows, y);
        } else if (channel->stride_w == 1) {
            lp_row_stride_1(channel, &rows, y);
        } else {
            lp_row_stride_2(channel, &rows, y);
        }
        y += step * channel->count;
        wanted = op->stride_h;
    }
}

void lp_depthwise_3x3_s8_dsp(const lp_depthwise_3x3_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_channel_t channel; /* filled member by member: compilers would clear it with a call first */
    channel.count = op->out_w;
    channel.step = op->channels;
    channel.stride_w = op->stride_w;
    channel.y_offset = op->y_offset;
    for (int32_t c = 0; c < op->channels; c++) {
        lp_set_channel(op, c, &channel);
        lp_plane(op, &channel, x + c, y + c, (int16_t *)scratch);
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
    }
}
