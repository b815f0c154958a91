#include "lp_add_linear_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd.h"

void lp_add_linear_s8_simd(const lp_add_linear_s8_simd_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_lanes a_factor = lp_all(op->a_factor);
    const lp_lanes b_factor = lp_all(op->b_factor);
    const lp_lanes start = lp_all(op->start);
    int32_t i = 0;
    for (; i + LP_LANES <= op->n; i += LP_LANES) {
        const lp_lanes sum = start + lp_load_codes(a + i) * a_factor + lp_load_codes(b + i) * b_factor;
        const lp_bytes codes = lp_narrow(sum >> op->shift, op->y_min, op->y_max);
        memcpy(y + i, &codes, sizeof codes);
    }
    for (; i < op->n; i++) {
        const int32_t sum = op->start + a[i] * op->a_factor + b[i] * op->b_factor;
        y[i] = (int8_t)lp_clamp_s32(sum >> op->shift, op->y_min, op->y_max);
    }
}
