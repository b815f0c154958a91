#include "lp_layer_norm_s8.h"

#include "lp_fixed_point.h"
#include "lp_rsqrt.h"

static void lp_layer_norm_row(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y)
{
    int32_t sum = 0;
    int32_t squares = 0;
    for (int32_t i = 0; i < op->c; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    int64_t spread = (int64_t)op->c * squares - (int64_t)sum * sum + op->eps;
    int32_t right = 11;
    for (; spread >= (int64_t)1 << 31; right++) {
        spread >>= 2;
    }
    const lp_rsqrt_t root = lp_rsqrt((int32_t)spread);
    right -= root.shift;
    const int64_t half = (int64_t)1 << (right - 1);
    for (int32_t i = 0; i < op->c; i++) {
        const int64_t t = ((int64_t)(op->c * x[i] - sum) * root.mult + half) >> right;
        const int64_t made = (((t * op->gain[i]) >> op->gain_shift) + op->bias[i] + (1 << 15)) >> 16;
        y[i] = (int8_t)(made < -128 ? -128 : (made > 127 ? 127 : made));
    }
}

void lp_layer_norm_s8(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++) {
        lp_layer_norm_row(op, x + row * op->c, y + row * op->c);
    }
}
