#include "lp_depthwise_rows_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"

/* The ring of rows of x + 128, in which padding is the zero point. */
typedef struct {
    uint8_t *row;
    int32_t rows;
    int32_t columns;
} lp_ring_t;

static void lp_clear(const lp_depthwise_rows_s8_t *op, uint8_t *to, int32_t count)
{
    const uint8_t zero = (uint8_t)(op->x_zero + 128);
    LP_ROLLED for (; count > 0; count--) {
        *to++ = zero;
    }
}

/* The row of x at `from` into the ring's row at `to`, whose padding is there already. */
static void lp_gather(const lp_depthwise_rows_s8_t *op, const int8_t *from, uint8_t *to, int32_t columns)
{
    const int32_t step = op->channels;
    to += op->pad_left;
    LP_ROLLED for (int32_t left = lp_min_s32(op->in_w, columns - op->pad_left); left > 0; left--, from += step) {
        *to++ = (uint8_t)(*from + 128);
    }
}

/* The taps of one output, of any kernel; `column` is that of the first tap, `oldest` the ring's top row. */
static uint32_t lp_taps(const lp_depthwise_rows_s8_t *op, const lp_ring_t *ring, int32_t oldest, int32_t column,
                       const int8_t *w, uint32_t acc)
{
    const int32_t kernel_w = op->kernel_w;
    const int32_t dilation_w = op->dilation_w;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t slot = oldest + ky * op->dilation_h;
        const uint8_t *from = ring->row + (slot < ring->rows ? slot : slot - ring->rows) * ring->columns + column;
        for (int32_t kx = kernel_w; kx > 0; kx--, from += dilation_w) {
            acc += (uint32_t)(*from * *w++);
        }
    }
    return acc;
}

/* One row of outputs of channel c. */
static void lp_row(const lp_depthwise_rows_s8_t *op, int32_t c, const lp_ring_t *ring, int32_t oldest, int8_t *y)
{
    const int8_t *w = op->w + c * op->kernel_h * op->kernel_w;
    for (int32_t ox = 0; ox < op->out_w; ox++, y += op->channels) {
        const uint32_t acc = lp_taps(op, ring, oldest, ox * op->stride_w, w, (uint32_t)op->bias[c]);
        const int32_t value = lp_requantise_small((int32_t)acc, op->mult[c], op->shift[c]) + op->y_offset;
        *y = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}

/* The same for 3x3 without dilation: most depthwise layers. */
static LP_NOINLINE void lp_row_3x3(const lp_depthwise_rows_s8_t *op, int32_t c, const lp_ring_t *ring, int32_t oldest,
                                   int8_t *y)
{
    const int8_t *w = op->w + 9 * c;
    const int32_t w00 = w[0], w01 = w[1], w02 = w[2];
    const int32_t w10 = w[3], w11 = w[4], w12 = w[5];
    const int32_t w20 = w[6], w21 = w[7], w22 = w[8];
    const int32_t middle = oldest < 2 ? oldest + 1 : 0;
    const int32_t bottom = oldest == 0 ? 2 : oldest - 1;
    const uint8_t *a = ring->row + oldest * ring->columns;
    const uint8_t *b = ring->row + middle * ring->columns;
    const uint8_t *d = ring->row + bottom * ring->columns;
    const int32_t bias = op->bias[c];
    const int32_t mult = op->mult[c];
    const int32_t shift = op->shift[c];
    const int32_t y_offset = op->y_offset;
    const int32_t y_min = op->y_min;
    const int32_t y_max = op->y_max;
    const int32_t step = op->channels;
    const int32_t stride = op->stride_w;
    LP_ROLLED for (int32_t left = op->out_w; left > 0; left--, y += step, a += stride, b += stride, d += stride) {
        uint32_t acc = (uint32_t)bias;
        acc += (uint32_t)(a[0] * w00) + (uint32_t)(a[1] * w01) + (uint32_t)(a[2] * w02);
        acc += (uint32_t)(b[0] * w10) + (uint32_t)(b[1] * w11) + (uint32_t)(b[2] * w12);
        acc += (uint32_t)(d[0] * w20) + (uint32_t)(d[1] * w21) + (uint32_t)(d[2] * w22);
        const int32_t value = lp_requantise_small((int32_t)acc, mult, shift) + y_offset;
        *y = (int8_t)lp_clamp_s32(value, y_min, y_max);
    }
}

void lp_depthwise_rows_s8(const lp_depthwise_rows_s8_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    const int is_3x3 = op->kernel_h == 3 && op->kernel_w == 3 && op->dilation_h == 1 && op->dilation_w == 1;
    lp_ring_t ring;
    ring.row = (uint8_t *)scratch;
    ring.rows = (op->kernel_h - 1) * op->dilation_h + 1;
    ring.columns = (op->out_w - 1) * op->stride_w + (op->kernel_w - 1) * op->dilation_w + 1;
    for (int32_t c = 0; c < op->channels; c++) {
        int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
        int32_t slot = 0;            /* and where; the oldest row lies there till then */
        lp_clear(op, ring.row, ring.rows * ring.columns);
        for (int32_t oy = 0; oy < op->out_h; oy++) {
            for (const int32_t end = oy * op->stride_h - op->pad_top + ring.rows; next < end; next++) {
                uint8_t *to = ring.row + slot * ring.columns;
                if (next >= op->in_h) {
                    lp_clear(op, to, ring.columns);
                } else if (next >= 0) {
                    lp_gather(op, x + next * op->in_w * op->channels + c, to, ring.columns);
                }
                slot = slot + 1 < ring.rows ? slot + 1 : 0;
            }
            int8_t *row = y + oy * op->out_w * op->channels + c;
            if (is_3x3) {
                lp_row_3x3(op, c, &ring, slot, row);
            } else {
                lp_row(op, c, &ring, slot, row);
            }
        }
    }
}
