#include "lp_add_constant_s8_mve.h"

#include "lp_add_s8_mve.h"

void lp_add_constant_s8_mve(const lp_add_constant_s8_t *op, const int8_t *a, int8_t *y)
{
    lp_add_s8_mve(&op->with, a, op->b, y);
}
