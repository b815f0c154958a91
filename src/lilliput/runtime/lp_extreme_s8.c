#include "lp_extreme_s8.h"

#include <stddef.h>

static void lp_extreme_s8_row(const lp_extreme_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        y[k] = *a * op->sign >= *b * op->sign ? *a : *b;
    }
}

void lp_extreme_s8(const lp_extreme_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_extreme_s8_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
