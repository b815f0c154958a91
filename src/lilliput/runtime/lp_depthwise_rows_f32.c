#include "lp_depthwise_rows_f32.h"

#include "lp_compiler.h"
#include "lp_float.h"

/* The ring of rows of x, in which padding is zero. */
typedef struct {
    float *row;
    int32_t rows;
    int32_t columns;
} lp_ring_t;

static void lp_clear(float *to, int32_t count)
{
    for (; count > 0; count--) {
        *to++ = 0.0f;
    }
}

/* The row of x at `from` into the ring's row at `to`, whose padding is there already. */
static LP_NOINLINE void lp_gather(const lp_depthwise_rows_f32_t *op, const float *restrict from, float *restrict to,
                                  int32_t columns)
{
    const int32_t step = op->channels;
    int32_t left = columns - op->pad_left;
    left = left < op->in_w ? left : op->in_w;
    to += op->pad_left;
    LP_UNROLL4 for (; left > 0; left--, from += step) {
        *to++ = *from;
    }
}

static const float *lp_ring_row(const lp_ring_t *ring, int32_t slot)
{
    return ring->row + (slot < ring->rows ? slot : slot - ring->rows) * ring->columns;
}

/* One row of outputs of channel o; `oldest` is the ring's top row. */
static LP_NOINLINE void lp_row(const lp_depthwise_rows_f32_t *op, const lp_ring_t *ring, int32_t oldest,
                                      int32_t o, float *y)
{
    const int32_t step = op->channels * op->multiplier;
    const float *const kernel = op->w + o * op->kernel_h * op->kernel_w;
    for (int32_t ox = 0; ox < op->out_w; ox++) {
        const float *w = kernel;
        float sum = op->bias[o];
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const float *from = lp_ring_row(ring, oldest + ky * op->dilation_h) + ox * op->stride_w;
            for (int32_t kx = op->kernel_w; kx > 0; kx--, from += op->dilation_w) {
                sum += *from * *w++;
            }
        }
        y[ox * step] = lp_within(sum, op->y_min, op->y_max);
    }
}

void lp_depthwise_rows_f32(const lp_depthwise_rows_f32_t *op, const float *x, float *y, void *scratch)
{
    lp_ring_t ring;
    ring.row = (float *)scratch;
    ring.rows = (op->kernel_h - 1) * op->dilation_h + 1;
    ring.columns = (op->out_w - 1) * op->stride_w + (op->kernel_w - 1) * op->dilation_w + 1;
    lp_clear(ring.row, ring.rows * ring.columns); /* the padding on the left and right stays for all channels */
    for (int32_t c = 0; c < op->channels; c++) {
        int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
        int32_t slot = 0;            /* and where; the oldest row lies there till then */
        for (int32_t oy = 0; oy < op->out_h; oy++) {
            for (const int32_t end = oy * op->stride_h - op->pad_top + ring.rows; next < end; next++) {
                float *to = ring.row + slot * ring.columns;
                if (next < 0 || next >= op->in_h) {
                    lp_clear(to, ring.columns);
                } else {
                    lp_gather(op, x + (next * op->in_w * op->channels + c), to, ring.columns);
                }
                slot = slot + 1 < ring.rows ? slot + 1 : 0;
            }
            for (int32_t m = 0; m < op->multiplier; m++) {
                const int32_t o = c * op->multiplier + m;
                lp_row(op, &ring, slot, o, y + (oy * op->out_w * op->channels * op->multiplier + o));
            }
        }
    }
}
