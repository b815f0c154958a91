#include "lp_compare_s32.h"

#include <stddef.h>

static void lp_compare_s32_row(const lp_compare_s32_t *op, const int32_t *a, const int32_t *b, int8_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        const int32_t bit = *a < *b ? 1 : (*a > *b ? 4 : (*a >= *b ? 2 : 8));
        y[k] = (int8_t)((op->holds & bit) != 0 ? 1 : 0);
    }
}

void lp_compare_s32(const lp_compare_s32_t *op, const int32_t *a, const int32_t *b, int8_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_compare_s32_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
