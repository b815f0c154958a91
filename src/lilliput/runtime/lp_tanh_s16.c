#include "lp_tanh_s16.h"

#include "lp_sigmoid_table.h"

void lp_tanh_s16(const lp_tanh_s16_t *op, const int16_t *x, int16_t *y)
{
    const int32_t round = op->left > 0 ? 1 << (op->left - 1) : 0;
    for (int32_t i = 0; i < op->n; i++) {
        const int32_t t = (x[i] * op->mult + round) >> op->left;
        const int32_t value = lp_between(op->table, t < 0 ? -t : t, 8, 0xffff << 8) - (1 << 23); /* in 2^-23 */
        y[i] = (int16_t)(((t < 0 ? -value - 1 : value) + 128) >> 8);
    }
}
