#include "lp_logistic_s16.h"

#include "lp_sigmoid_table.h"

void lp_logistic_s16(const lp_logistic_s16_t *op, const int16_t *x, int16_t *y)
{
    const int32_t round = op->left > 0 ? 1 << (op->left - 1) : 0;
    for (int32_t i = 0; i < op->n; i++) {
        const int32_t t = (x[i] * op->mult + round) >> op->left;
        const int32_t value = lp_between(op->table, t < 0 ? -t : t, 9, 0x7fff << 10); /* in 2^-25 */
        y[i] = (int16_t)(((t < 0 ? (1 << 25) - value - 1 : value) + 512) >> 10);
    }
}
