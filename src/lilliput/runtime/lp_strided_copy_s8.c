#include "lp_strided_copy_s8.h"

#include <string.h>

static void lp_gather(const lp_strided_copy_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const int32_t step = op->s2;
    int32_t k = 0;
    for (; k + 4 <= op->d2; k += 4) {
        y[k] = x[k * step];
        y[k + 1] = x[(k + 1) * step];
        y[k + 2] = x[(k + 2) * step];
        y[k + 3] = x[(k + 3) * step];
    }
    for (; k < op->d2; k++) {
        y[k] = x[k * step];
    }
}

void lp_strided_copy_s8(const lp_strided_copy_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    x += op->start;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from = x + i * op->s0 + j * op->s1;
            if (op->s2 == 1) {
                (void)memcpy(y, from, (size_t)op->d2);
            } else {
                lp_gather(op, from, y);
            }
        }
    }
}
