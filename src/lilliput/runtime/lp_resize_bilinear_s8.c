#include "lp_resize_bilinear_s8.h"

#include "lp_fixed_point.h"

/* One output pixel from the input pixel at x; `down` and `right` lead to its neighbours, p and q are their weights. */
static void lp_blend(const int8_t *restrict x, int32_t down, int32_t right, int32_t p, int32_t q, int32_t c,
                     int8_t *restrict y)
{
    const int32_t w00 = (1024 - p) * (1024 - q);
    const int32_t w01 = (1024 - p) * q;
    const int32_t w10 = p * (1024 - q);
    const int32_t w11 = p * q;
    for (int32_t k = 0; k < c; k++) {
        const int32_t sum = x[k] * w00 + x[k + right] * w01 + x[k + down] * w10 + x[k + down + right] * w11;
        y[k] = (int8_t)lp_rounding_shift(sum, 20);
    }
}

void lp_resize_bilinear_s8(const lp_resize_bilinear_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t c = op->c;
    for (int32_t i = 0; i < op->h_out; i++) {
        const int32_t p = op->row_weight[i];
        const int32_t down = p > 0 ? op->w_in * c : 0;
        for (int32_t j = 0; j < op->w_out; j++, y += c) {
            const int32_t q = op->column_weight[j];
            const int32_t right = q > 0 ? c : 0;
            lp_blend(x + (op->row[i] * op->w_in + op->column[j]) * c, down, right, p, q, c, y);
        }
    }
}
