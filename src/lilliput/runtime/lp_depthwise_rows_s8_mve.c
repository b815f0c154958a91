#include "lp_depthwise_rows_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

/* The scratch. */
typedef struct {
    int32_t *at; /* where the vectors under the kernel lie, from the oldest row on, [vectors] */
    int8_t *w;   /* the channel's weights, [vectors][4 outputs][16] */
    int8_t *row; /* the ring twice, [2][rows][columns], so that the rows under the kernel are in order somewhere */
    int32_t across; /* vectors of a row of the kernel */
    int32_t rows;
    int32_t columns;
} lp_ring_t;

/* One channel of a row of the image, to `to` and `again` bytes behind it. */
static LP_NOINLINE void lp_gather(const int8_t *from, int32_t step, int32_t count, int8_t *to, int32_t again)
{
    const lp_u16x8 offsets = lp_vsteps_u16(step);
    for (; count > 0; count -= 8, from += 8 * step, to += 8) {
        const lp_s16x8 v = lp_vgather_s16_first(from, offsets, count);
        lp_vstore_s16_first(to, v, count);
        lp_vstore_s16_first(to + again, v, count);
    }
}

/* The weights of channel c: each vector once for each of four neighbouring outputs, moved by the stride from one to the
 * next, so that all four meet the same vector of the ring. */
static void lp_spread(const lp_depthwise_rows_s8_mve_t *op, int32_t c, const lp_ring_t *ring)
{
    const int8_t *w = op->w + c * op->kernel_h * op->span;
    lp_vfill(ring->w, 0, 64 * ring->across * op->kernel_h);
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        int8_t *row = ring->w + 64 * ring->across * ky;
        if (ring->across == 1) {
            const lp_s8x16 v = lp_vload_s8_first(w, op->span);
            for (int32_t output = 0; output < 4; output++) {
                lp_vstore_s8_first(row + output * (16 + op->stride_w), v, op->span);
            }
            w += op->span;
            continue;
        }
        for (int32_t kx = 0; kx < op->span; kx++, w++) {
            for (int32_t output = 0; output < 4; output++) {
                const int32_t column = kx + output * op->stride_w;
                row[column / 16 * 64 + output * 16 + column % 16] = *w;
            }
        }
    }
}

/* One row of outputs of channel c; `from` is the ring's oldest row. */
static LP_NOINLINE void lp_row(const lp_depthwise_rows_s8_mve_t *op, int32_t c, const lp_ring_t *ring, const int8_t *from,
                               int8_t *y)
{
    const int32_t mult = op->mult[c];
    const int32_t bias = op->bias[c];
    const int32_t up = lp_max_s32(op->shift[c], 0);
    const int32_t down = lp_min_s32(op->shift[c], 0);
    const int32_t away = down < 0 ? -1 : 0;
    const int32_t vectors = op->kernel_h * ring->across;
    const uint32_t next = (uint32_t)op->channels;
    const lp_u32x4 places = lp_voffsets(0u, next, 2u * next, 3u * next);
    if (vectors < 1) {
        return; /* never, but then the inner loop needs no test before it */
    }
    for (int32_t left = op->out_w; left > 0; left -= 4, y += 4 * op->channels, from += 4 * op->stride_w) {
        const int8_t *w = ring->w;
        int32_t acc0 = bias;
        int32_t acc1 = bias;
        int32_t acc2 = bias;
        int32_t acc3 = bias;
        const int32_t *at = ring->at;
        for (int32_t vector = vectors; vector > 0; vector--, w += 64) {
            const lp_s8x16 v = lp_vload_s8(from + *at++);
            acc0 = lp_vdot(acc0, v, lp_vload_s8(w));
            acc1 = lp_vdot(acc1, v, lp_vload_s8(w + 16));
            acc2 = lp_vdot(acc2, v, lp_vload_s8(w + 32));
            acc3 = lp_vdot(acc3, v, lp_vload_s8(w + 48));
        }
        const lp_s32x4 acc = lp_vshift_n(lp_vset(acc0, acc1, acc2, acc3), up);
        const lp_s32x4 made = lp_vrequantise_down(acc, mult, down, away);
        lp_vscatter_first(y, places, lp_vsaturate(lp_vadd_n(made, op->y_offset)), left);
    }
}

/* The plane of channel c. */
static void lp_plane(const lp_depthwise_rows_s8_mve_t *op, int32_t c, const lp_ring_t *ring, const int8_t *x, int8_t *y)
{
    const int32_t count = lp_min_s32(op->in_w, ring->columns - op->pad_left);
    const int32_t again = ring->rows * ring->columns;
    int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
    int32_t slot = 0;            /* and where; the oldest row lies there till then */
    lp_spread(op, c, ring);
    lp_vfill(ring->row, op->x_zero, 2 * ring->rows * ring->columns);
    for (int32_t oy = 0; oy < op->out_h; oy++) {
        for (const int32_t end = oy * op->stride_h - op->pad_top + ring->rows; next < end; next++) {
            int8_t *to = ring->row + slot * ring->columns;
            if (next >= op->in_h) {
                lp_vfill(to, op->x_zero, ring->columns);
                lp_vfill(to + again, op->x_zero, ring->columns);
            } else if (next >= 0) {
                lp_gather(x + next * op->in_w * op->channels + c, op->channels, count, to + op->pad_left, again);
            }
            slot = slot + 1 < ring->rows ? slot + 1 : 0;
        }
        lp_row(op, c, ring, ring->row + slot * ring->columns, y + oy * op->out_w * op->channels + c);
    }
}

void lp_depthwise_rows_s8_mve(const lp_depthwise_rows_s8_mve_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_ring_t ring;
    ring.across = (op->span + 3 * op->stride_w + 15) / 16;
    ring.rows = (op->kernel_h - 1) * op->dilation_h + 1;
    ring.columns = (op->out_w + 3) / 4 * 4 * op->stride_w - 4 * op->stride_w + 16 * ring.across;
    ring.at = (int32_t *)scratch;
    ring.w = (int8_t *)(ring.at + op->kernel_h * ring.across);
    ring.row = ring.w + 64 * op->kernel_h * ring.across;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        for (int32_t i = 0; i < ring.across; i++) {
            ring.at[ky * ring.across + i] = ky * op->dilation_h * ring.columns + 16 * i;
        }
    }
    for (int32_t c = 0; c < op->channels; c++) {
        lp_plane(op, c, &ring, x, y);
    }
    lp_vclamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
}
