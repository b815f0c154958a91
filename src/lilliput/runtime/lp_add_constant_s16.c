#include "lp_add_constant_s16.h"

void lp_add_constant_s16(const lp_add_constant_s16_t *op, const int16_t *x, int16_t *y)
{
    lp_add_s16(&op->with, op->first ? op->constant : x, op->first ? x : op->constant, y);
}
