#include "lp_fully_connected_s8.h"

void lp_fully_connected_s8(const lp_fully_connected_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    lp_dots_s8(&op->dots, x, y);
}
