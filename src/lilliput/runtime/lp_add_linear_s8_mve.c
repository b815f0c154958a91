#include "lp_add_linear_s8_mve.h"

#include "lp_compiler.h"
#include "lp_requantise_mve.h"

static LP_NOINLINE void lp_two_vectors(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    const lp_s32x4 a_factor = lp_vsplat(op->a_factor);
    const lp_s32x4 least = lp_vsplat(op->y_min);
    const lp_s32x4 most = lp_vsplat(op->y_max);
    const int32_t b_factor = op->b_factor;
    const int32_t start = op->start;
    const int32_t down = -op->shift;
    for (int32_t left = op->d2; left > 0; left -= 4, a += 4, b += 4, y += 4) {
        const lp_s32x4 part = lp_vmlas_n(lp_vwiden_first(a, left), a_factor, start);
        const lp_s32x4 made = lp_vshift_n(lp_vmla_n(part, lp_vwiden_first(b, left), b_factor), down);
        lp_vnarrow_first(y, lp_vmin(lp_vmax(made, least), most), left);
    }
}

/* start holds what the other operand, one element for the whole row, adds. */
static LP_NOINLINE void lp_one_vector(const lp_add_linear_s8_t *op, const int8_t *a, int32_t factor, int32_t start,
                                      int8_t *y)
{
    const lp_s32x4 factors = lp_vsplat(factor);
    const lp_s32x4 least = lp_vsplat(op->y_min);
    const lp_s32x4 most = lp_vsplat(op->y_max);
    const int32_t down = -op->shift;
    for (int32_t left = op->d2; left > 0; left -= 4, a += 4, y += 4) {
        const lp_s32x4 made = lp_vshift_n(lp_vmlas_n(lp_vwiden_first(a, left), factors, start), down);
        lp_vnarrow_first(y, lp_vmin(lp_vmax(made, least), most), left);
    }
}

void lp_add_linear_s8_mve(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from_a = a + i * op->a0 + j * op->a1;
            const int8_t *from_b = b + i * op->b0 + j * op->b1;
            if (op->b2 == 0) {
                lp_one_vector(op, from_a, op->a_factor, op->start + *from_b * op->b_factor, y);
            } else if (op->a2 == 0) {
                lp_one_vector(op, from_b, op->b_factor, op->start + *from_a * op->a_factor, y);
            } else {
                lp_two_vectors(op, from_a, from_b, y);
            }
        }
    }
}
