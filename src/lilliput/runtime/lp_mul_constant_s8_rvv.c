#include "lp_mul_constant_s8_rvv.h"

#include "lp_mul_s8_rvv.h"

void lp_mul_constant_s8_rvv(const lp_mul_constant_s8_t *op, const int8_t *a, int8_t *y)
{
    lp_mul_s8_rvv(&op->with, a, op->b, y);
}
