#include "lp_fully_connected_s8_rvv.h"

void lp_fully_connected_s8_rvv(const lp_fully_connected_s8_rvv_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    lp_dots_s8_rvv(&op->dots, x, 0, 1, y);
}
