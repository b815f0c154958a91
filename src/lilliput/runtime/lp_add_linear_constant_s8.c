#include "lp_add_linear_constant_s8.h"

void lp_add_linear_constant_s8(const lp_add_linear_constant_s8_t *op, const int8_t *a, int8_t *y)
{
    lp_add_linear_s8(&op->with, a, op->b, y);
}
