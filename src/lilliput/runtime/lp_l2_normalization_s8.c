#include "lp_l2_normalization_s8.h"

#include "lp_fixed_point.h"
#include "lp_rsqrt.h"

void lp_l2_normalization_s8(const lp_l2_normalization_s8_t *op, const int8_t *x, int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        int32_t sum = 0;
        for (int32_t i = 0; i < op->c; i++) {
            const int32_t q = x[i] + op->x_offset;
            sum += q * q;
        }
        const lp_rsqrt_t root = lp_rsqrt(sum);
        for (int32_t i = 0; i < op->c; i++) {
            const int32_t scaled = lp_requantise(x[i] + op->x_offset, root.mult, root.shift + 7);
            y[i] = (int8_t)lp_clamp_s32(scaled, -128, 127);
        }
    }
}
