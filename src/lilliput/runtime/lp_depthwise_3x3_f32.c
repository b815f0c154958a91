#include "lp_depthwise_3x3_f32.h"

#include "lp_compiler.h"
#include "lp_float.h"

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

/* The taps of one row for 4 outputs, neighbours or one apart. */
LP_INLINE lp_four_t lp_by_three(lp_four_t sum, const float *row, const float *w, int32_t stride)
{
    const float x0 = row[0];
    const float x1 = row[1];
    const float x2 = row[2];
    const float x3 = row[3];
    const float x4 = row[4];
    const float x5 = row[5];
    if (stride == 1) {
        sum.a = sum.a + x0 * w[0] + x1 * w[1] + x2 * w[2];
        sum.b = sum.b + x1 * w[0] + x2 * w[1] + x3 * w[2];
        sum.c = sum.c + x2 * w[0] + x3 * w[1] + x4 * w[2];
        sum.d = sum.d + x3 * w[0] + x4 * w[1] + x5 * w[2];
    } else {
        const float x6 = row[6];
        const float x7 = row[7];
        const float x8 = row[8];
        sum.a = sum.a + x0 * w[0] + x1 * w[1] + x2 * w[2];
        sum.b = sum.b + x2 * w[0] + x3 * w[1] + x4 * w[2];
        sum.c = sum.c + x4 * w[0] + x5 * w[1] + x6 * w[2];
        sum.d = sum.d + x6 * w[0] + x7 * w[1] + x8 * w[2];
    }
    return sum;
}

/* One channel; the rows lie in `ring`, whose padding on the left and right is there already. */
LP_INLINE void lp_channel(const lp_depthwise_3x3_f32_t *op, int32_t c, const float *x, float *y, float *restrict ring,
                          int32_t stride)
{
    const float *w = op->w + 9 * c;
    const float kernel[9] = {w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8]};
    const float bias = op->bias[c];
    const float low = op->y_min;
    const float high = op->y_max;
    const int32_t step = op->channels;
    const int32_t columns = (op->out_w - 1) * stride + 3;
    const int32_t room = columns - op->pad_left;
    const int32_t taken = room < op->in_w ? room : op->in_w;
    float *top = ring;
    float *middle = ring + columns;
    float *bottom = middle + columns;
    int32_t next = -op->pad_top; /* the input row that is gathered next, into the place of the oldest */
    int32_t missing = 3;
    for (int32_t oy = 0; oy < op->out_h; oy++, missing = op->stride_h) {
        for (; missing > 0; missing--, next++) {
            float *const oldest = top;
            top = middle;
            middle = bottom;
            bottom = oldest;
            if (next < 0 || next >= op->in_h) {
                lp_clear(bottom, columns);
                continue;
            }
            const float *from = x + (next * op->in_w * step + c);
            float *to = bottom + op->pad_left;
            LP_UNROLL4 for (int32_t left = taken; left > 0; left--, from += step) {
                *to++ = *from;
            }
        }
        float *to = y + (oy * op->out_w * step + c);
        const float *a = top;
        const float *b = middle;
        const float *d = bottom;
        int32_t left = op->out_w;
        LP_ROLLED for (; left >= 4; left -= 4) {
            lp_four_t sum = {bias, bias, bias, bias};
            sum = lp_by_three(sum, a, kernel, stride);
            sum = lp_by_three(sum, b, kernel + 3, stride);
            sum = lp_by_three(sum, d, kernel + 6, stride);
            a += 4 * stride;
            b += 4 * stride;
            d += 4 * stride;
            *to = lp_within(sum.a, low, high);
            to += step;
            *to = lp_within(sum.b, low, high);
            to += step;
            *to = lp_within(sum.c, low, high);
            to += step;
            *to = lp_within(sum.d, low, high);
            to += step;
        }
        LP_ROLLED for (; left > 0; left--, to += step) {
            float sum = bias + a[0] * kernel[0] + a[1] * kernel[1] + a[2] * kernel[2];
            sum = sum + b[0] * kernel[3] + b[1] * kernel[4] + b[2] * kernel[5];
            sum = sum + d[0] * kernel[6] + d[1] * kernel[7] + d[2] * kernel[8];
            a += stride;
            b += stride;
            d += stride;
            *to = lp_within(sum, low, high);
        }
    }
}

static LP_NOINLINE void lp_near(const lp_depthwise_3x3_f32_t *op, int32_t c, const float *x, float *y, float *ring)
{
    lp_channel(op, c, x, y, ring, 1);
}

static LP_NOINLINE void lp_apart(const lp_depthwise_3x3_f32_t *op, int32_t c, const float *x, float *y, float *ring)
{
    lp_channel(op, c, x, y, ring, 2);
}

void lp_depthwise_3x3_f32(const lp_depthwise_3x3_f32_t *op, const float *x, float *y, void *scratch)
{
    float *const ring = (float *)scratch;
    lp_clear(ring, 3 * ((op->out_w - 1) * op->stride_w + 3)); /* the padding on the sides stays for all channels */
    for (int32_t c = 0; c < op->channels; c++) {
        if (op->stride_w == 1) {
            lp_near(op, c, x, y, ring);
        } else {
            lp_apart(op, c, x, y, ring);
        }
    }
}
