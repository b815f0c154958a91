#include "lp_fully_connected_s8_mve.h"

void lp_fully_connected_s8_mve(const lp_fully_connected_s8_mve_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    lp_dots_s8_mve(&op->dots, x, 0, 1, y);
}
