#include "lp_depthwise_rows_f32.h"

#include "lp_compiler.h"
#include "lp_float.h"

/* The ring of rows of x, in which padding is zero. */
typedef struct {
    float *row;
    int32_t rows;
    int32_t columns;
} lp_ring_t;

/* Three neighbouring rows of the ring, and how to leave the results. */
typedef struct {
    const float *top;
    const float *middle;
    const float *bottom;
    float low;
    float high;
    int32_t step;
} lp_rows_t;

typedef struct {
    float a;
    float b;
    float c;
    float d;
} lp_four_t;

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

/* 4 outputs, neighbours or one apart, from a row of 3 taps. */
LP_INLINE lp_four_t lp_by_three(lp_four_t sum, const float *row, const float *w, int32_t stride)
{
    const float e = row[0];
    const float f = row[1];
    const float g = row[2];
    const float h = row[3];
    const float i = row[4];
    if (stride == 1) {
        const float j = row[5];
        sum.a = sum.a + e * w[0] + f * w[1] + g * w[2];
        sum.b = sum.b + f * w[0] + g * w[1] + h * w[2];
        sum.c = sum.c + g * w[0] + h * w[1] + i * w[2];
        sum.d = sum.d + h * w[0] + i * w[1] + j * w[2];
    } else {
        const float j = row[5];
        const float k = row[6];
        const float l = row[7];
        const float m = row[8];
        sum.a = sum.a + e * w[0] + f * w[1] + g * w[2];
        sum.b = sum.b + g * w[0] + h * w[1] + i * w[2];
        sum.c = sum.c + i * w[0] + j * w[1] + k * w[2];
        sum.d = sum.d + k * w[0] + l * w[1] + m * w[2];
    }
    return sum;
}

/* One row of outputs of a 3x3 kernel, whose weights stay in registers. */
LP_INLINE void lp_row_by_three(const lp_rows_t *rows, const float *restrict w, float bias, int32_t count, int32_t stride,
                               float *restrict y)
{
    const float kernel[9] = {w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]};
    const float *top = rows->top;
    const float *middle = rows->middle;
    const float *bottom = rows->bottom;
    const float low = rows->low;
    const float high = rows->high;
    const int32_t step = rows->step;
    LP_ROLLED for (; count >= 4; count -= 4) {
        lp_four_t sum = {bias, bias, bias, bias};
        sum = lp_by_three(sum, top, kernel, stride);
        sum = lp_by_three(sum, middle, kernel + 3, stride);
        sum = lp_by_three(sum, bottom, kernel + 6, stride);
        top += 4 * stride;
        middle += 4 * stride;
        bottom += 4 * stride;
        *y = lp_within(sum.a, low, high);
        y += step;
        *y = lp_within(sum.b, low, high);
        y += step;
        *y = lp_within(sum.c, low, high);
        y += step;
        *y = lp_within(sum.d, low, high);
        y += step;
    }
    LP_ROLLED for (; count > 0; count--, y += step) {
        float sum = bias + top[0] * kernel[0] + top[1] * kernel[1] + top[2] * kernel[2];
        sum = sum + middle[0] * kernel[3] + middle[1] * kernel[4] + middle[2] * kernel[5];
        sum = sum + bottom[0] * kernel[6] + bottom[1] * kernel[7] + bottom[2] * kernel[8];
        top += stride;
        middle += stride;
        bottom += stride;
        *y = lp_within(sum, low, high);
    }
}

static LP_NOINLINE void lp_row_near(const lp_rows_t *rows, const float *w, float bias, int32_t count, float *y)
{
    lp_row_by_three(rows, w, bias, count, 1, y);
}

static LP_NOINLINE void lp_row_apart(const lp_rows_t *rows, const float *w, float bias, int32_t count, float *y)
{
    lp_row_by_three(rows, w, bias, count, 2, y);
}

static const float *lp_ring_row(const lp_ring_t *ring, int32_t slot)
{
    return ring->row + (slot < ring->rows ? slot : slot - ring->rows) * ring->columns;
}

/* One row of outputs of any kernel; `oldest` is the ring's top row. */
static LP_NOINLINE void lp_row_of_any(const lp_depthwise_rows_f32_t *op, const lp_ring_t *ring, int32_t oldest,
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

/* One row of outputs of channel o. */
static void lp_row(const lp_depthwise_rows_f32_t *op, const lp_ring_t *ring, int32_t oldest, int32_t o, float *y)
{
    const int square = op->kernel_h == 3 && op->kernel_w == 3 && op->dilation_h == 1 && op->dilation_w == 1;
    if (!square || op->stride_w > 2) {
        lp_row_of_any(op, ring, oldest, o, y);
        return;
    }
    const lp_rows_t rows = {
        lp_ring_row(ring, oldest), lp_ring_row(ring, oldest + 1), lp_ring_row(ring, oldest + 2), op->y_min, op->y_max,
        op->channels * op->multiplier,
    };
    if (op->stride_w == 1) {
        lp_row_near(&rows, op->w + 9 * o, op->bias[o], op->out_w, y);
    } else {
        lp_row_apart(&rows, op->w + 9 * o, op->bias[o], op->out_w, y);
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
