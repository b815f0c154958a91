#include "lp_depthwise_rows_s8_dsp.h"

#include "lp_requantise_x256.h"
#include "lp_widen_rows.h"

/* The ring of rows, and the weights of the channel at work. */
typedef struct {
    uint32_t *w; /* [rows][pairs], times 256, an odd row of taps filled up with zero */
    int16_t *ring;
    int32_t rows;
    int32_t columns;
    int32_t pairs;
} lp_ring_t;

static LP_NOINLINE void lp_pair_weights(const int8_t *w, int32_t kernel_w, const lp_ring_t *ring)
{
    uint32_t *to = ring->w;
    for (int32_t ky = 0; ky < ring->rows; ky++) {
        LP_ROLLED
        for (int32_t kx = 0; kx < kernel_w; kx += 2) {
            const uint32_t first = (uint32_t)(uint8_t)*w++ << 8;
            *to++ = kx + 1 < kernel_w ? first | (uint32_t)(uint8_t)*w++ << 24 : first;
        }
    }
}

/* acc[i] plus the taps of the output i * step elements to the right of `column`; `oldest` is the ring's top row. */
static LP_NOINLINE void lp_taps4(const lp_ring_t *ring, int32_t oldest, int32_t column, int32_t step, int32_t *acc)
{
    const int32_t columns = ring->columns;
    const int16_t *from = ring->ring + oldest * columns + column;
    const int16_t *wrap = ring->ring + ring->rows * columns; /* from here on the ring starts again */
    const uint32_t *w = ring->w;
    int32_t a = acc[0];
    int32_t b = acc[1];
    int32_t c = acc[2];
    int32_t d = acc[3];
    LP_ROLLED
    for (int32_t ky = ring->rows; ky > 0; ky--) {
        const int16_t *at = from;
        int32_t j = ring->pairs;
#if LP_DSP_NATIVE
        uint32_t pair;
        uint32_t two;
        __asm__ volatile("1:                             \n" /* 8 products in 11 instructions */
                         "ldr    %[pair], [%[w]], #4     \n"
                         "ldr    %[two], [%[at], %[s1]]  \n"
                         "subs   %[j], #1                \n"
                         "smlad  %[b], %[two], %[pair], %[b] \n"
                         "ldr    %[two], [%[at], %[s1], lsl #1] \n"
                         "smlad  %[c], %[two], %[pair], %[c] \n"
                         "ldr    %[two], [%[at], %[s3]]  \n"
                         "smlad  %[d], %[two], %[pair], %[d] \n"
                         "ldr    %[two], [%[at]], #4     \n"
                         "smlad  %[a], %[two], %[pair], %[a] \n"
                         "bne    1b                      \n"
                         : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [w] "+r"(w), [at] "+r"(at), [j] "+r"(j),
                           [pair] "=&r"(pair), [two] "=&r"(two)
                         : [s1] "r"(2 * step), [s3] "r"(6 * step)
                         : "cc", "memory");
#else
        for (; j > 0; j--, at += 2) {
            const uint32_t pair = *w++;
            a = lp_smlad(lp_load_pair(at), pair, a);
            b = lp_smlad(lp_load_pair(at + step), pair, b);
            c = lp_smlad(lp_load_pair(at + 2 * step), pair, c);
            d = lp_smlad(lp_load_pair(at + 3 * step), pair, d);
        }
#endif
        from += columns;
        if (from >= wrap) {
            from -= ring->rows * columns;
        }
    }
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

static LP_NOINLINE int32_t lp_taps1(const lp_ring_t *ring, int32_t oldest, int32_t column, int32_t acc)
{
    const uint32_t *w = ring->w;
    for (int32_t ky = 0, slot = oldest; ky < ring->rows; ky++) {
        const int16_t *from = ring->ring + slot * ring->columns + column;
        LP_ROLLED
        for (int32_t j = ring->pairs; j > 0; j--, from += 2) {
            acc = lp_smlad(lp_load_pair(from), *w++, acc);
        }
        slot = slot + 1 < ring->rows ? slot + 1 : 0;
    }
    return acc;
}

/* One row of outputs of channel c. */
static void lp_row(const lp_depthwise_rows_s8_dsp_t *op, int32_t c, const lp_ring_t *ring, int32_t oldest, int8_t *y)
{
    /* In variables, since y could alias everything behind a pointer. */
    const int32_t code = op->shift[c];
    const int32_t mult = op->mult[c];
    const int32_t bias = op->bias[c];
    const int32_t y_offset = op->y_offset;
    const int32_t round = code > 0 ? lp_round_x256(y_offset, code) : 0;
    const int32_t step = op->channels;
    const int32_t stride = op->stride_w;
    int32_t left = op->out_w;
    for (int32_t column = 0; left > 0; column += 4 * stride, left -= 4) {
        int32_t acc[4] = {bias, bias, bias, bias};
        const int32_t made = lp_min_s32(left, 4);
        if (made == 4) {
            lp_taps4(ring, oldest, column, stride, acc);
        } else {
            for (int32_t i = 0; i < made; i++) {
                acc[i] = lp_taps1(ring, oldest, column + i * stride, bias);
            }
        }
        LP_ROLLED
        for (int32_t i = 0; i < made; i++, y += step) {
            *y = code > 0 ? lp_requantise_x256(acc[i], mult, round, code)
                          : lp_requantise_x256_long(acc[i], mult, y_offset, code);
        }
    }
}

void lp_depthwise_rows_s8_dsp(const lp_depthwise_rows_s8_dsp_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    const int16_t zero = (int16_t)-op->x_offset;
    lp_ring_t ring;
    ring.w = (uint32_t *)scratch;
    ring.rows = op->kernel_h;
    ring.pairs = (op->kernel_w + 1) / 2;
    ring.columns = (op->out_w - 1) * op->stride_w + 2 * ring.pairs;
    ring.ring = (int16_t *)(ring.w + ring.rows * ring.pairs);
    const int32_t width = lp_min_s32(op->in_w, ring.columns - op->pad_left);
    for (int32_t c = 0; c < op->channels; c++) {
        lp_pair_weights(op->w + c * op->kernel_h * op->kernel_w, op->kernel_w, &ring);
        lp_fill_row(zero, ring.rows * ring.columns, ring.ring);
        int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
        int32_t slot = 0;            /* and where; the oldest row lies there till then */
        for (int32_t oy = 0; oy < op->out_h; oy++) {
            for (const int32_t end = oy * op->stride_h - op->pad_top + ring.rows; next < end; next++) {
                int16_t *to = ring.ring + slot * ring.columns;
                if (next >= op->in_h) {
                    lp_fill_row(zero, ring.columns, to);
                } else if (next >= 0) {
                    lp_widen_row(x + next * op->in_w * op->channels + c, op->channels, width, to + op->pad_left);
                }
                slot = slot + 1 < ring.rows ? slot + 1 : 0;
            }
            lp_row(op, c, &ring, slot, y + oy * op->out_w * op->channels + c);
        }
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
    }
}
