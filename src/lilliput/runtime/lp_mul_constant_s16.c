#include "lp_mul_constant_s16.h"

void lp_mul_constant_s16(const lp_mul_constant_s16_t *op, const int16_t *a, int16_t *y)
{
    lp_mul_s16(&op->with, a, op->b, y);
}
