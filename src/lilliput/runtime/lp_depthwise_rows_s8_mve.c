#include "lp_depthwise_rows_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

typedef struct {
    int8_t *w; /* the channel's weights, [kernel_h][width] */
    int32_t width;
    int8_t *row;
    int32_t rows;
    int32_t columns;
} lp_ring_t;

/* One channel of a row of the image. */
static LP_NOINLINE void lp_gather(const int8_t *from, int32_t step, int32_t count, int8_t *to)
{
    const lp_u16x8 offsets = lp_vsteps_u16(step);
    for (; count > 0; count -= 8, from += 8 * step, to += 8) {
        lp_vstore_s16_first(to, lp_vgather_s16_first(from, offsets, count), count);
    }
}

/* One row of outputs of channel c; `oldest` is the ring's top row. */
static LP_NOINLINE void lp_row(const lp_depthwise_rows_s8_mve_t *op, int32_t c, const lp_ring_t *ring, int32_t oldest,
                               int8_t *y)
{
    const int32_t mult = op->mult[c];
    const int32_t bias = op->bias[c];
    const int32_t up = lp_max_s32(op->shift[c], 0);
    const int32_t down = lp_min_s32(op->shift[c], 0);
    const int32_t away = down < 0 ? -1 : 0;
    const int32_t step = op->stride_w;
    const uint32_t next = (uint32_t)op->channels;
    const lp_u32x4 places = lp_voffsets(0u, next, 2u * next, 3u * next);
    for (int32_t ox = 0; ox < op->out_w; ox += 4, y += 4 * op->channels) {
        const int8_t *weights = ring->w;
        int32_t slot = oldest;
        int32_t acc0 = bias;
        int32_t acc1 = bias;
        int32_t acc2 = bias;
        int32_t acc3 = bias;
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int8_t *from = ring->row + slot * ring->columns + ox * step;
            for (int32_t left = ring->width; left > 0; left -= 16, weights += 16, from += 16) {
                const lp_s8x16 w = lp_vload_s8(weights);
                acc0 = lp_vdot(acc0, lp_vload_s8(from), w);
                acc1 = lp_vdot(acc1, lp_vload_s8(from + step), w);
                acc2 = lp_vdot(acc2, lp_vload_s8(from + 2 * step), w);
                acc3 = lp_vdot(acc3, lp_vload_s8(from + 3 * step), w);
            }
            slot += op->dilation_h;
            slot -= slot >= ring->rows ? ring->rows : 0;
        }
        const lp_s32x4 acc = lp_vshift_n(lp_vset(acc0, acc1, acc2, acc3), up);
        const lp_s32x4 made = lp_vrequantise_down(acc, mult, down, away);
        lp_vscatter_first(y, places, lp_vsaturate(lp_vadd_n(made, op->y_offset)), op->out_w - ox);
    }
}

/* The plane of channel c. */
static void lp_plane(const lp_depthwise_rows_s8_mve_t *op, int32_t c, const lp_ring_t *ring, const int8_t *x, int8_t *y)
{
    const int32_t count = lp_min_s32(op->in_w, ring->columns - op->pad_left);
    int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
    int32_t slot = 0;            /* and where; the oldest row lies there till then */
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int8_t *w = op->w + (c * op->kernel_h + ky) * op->span;
        int8_t *to = ring->w + ky * ring->width;
        for (int32_t left = op->span; left > 0; left -= 16, w += 16, to += 16) {
            lp_vstore_s8(to, lp_vload_s8_first(w, left));
        }
    }
    lp_vfill(ring->row, op->x_zero, ring->rows * ring->columns);
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (const int32_t end = oy * op->stride_h - op->pad_top + ring->rows; next < end; next++) {
            int8_t *to = ring->row + slot * ring->columns;
            if (next >= op->in_h) {
                lp_vfill(to, op->x_zero, ring->columns);
            } else if (next >= 0) {
                lp_gather(x + next * op->in_w * op->channels + c, op->channels, count, to + op->pad_left);
            }
            slot = slot + 1 < ring->rows ? slot + 1 : 0;
        }
        lp_row(op, c, ring, slot, y + oy * op->out_w * op->channels + c);
    }
}

void lp_depthwise_rows_s8_mve(const lp_depthwise_rows_s8_mve_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_ring_t ring;
    ring.w = (int8_t *)scratch;
    ring.width = (op->span + 15) / 16 * 16;
    ring.row = ring.w + op->kernel_h * ring.width;
    ring.rows = (op->kernel_h - 1) * op->dilation_h + 1;
    ring.columns = ((op->out_w + 3) / 4 * 4 - 1) * op->stride_w + ring.width;
    for (int32_t c = 0; c < op->channels; c++) {
        lp_plane(op, c, &ring, x, y);
    }
    lp_vclamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
}
