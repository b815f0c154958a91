#include "lp_top_k_f32.h"

/* The place of the best element that comes after place `last` in the order, `last` -1 for the first. */
static int32_t lp_next_best(const float *x, int32_t c, int32_t last)
{
    int32_t best = -1;
    for (int32_t i = 0; i < c; i++) {
        const int32_t after = last < 0 || x[i] < x[last] || (!(x[i] > x[last]) && i > last) ? 1 : 0;
        if (after != 0 && (best < 0 || x[i] > x[best])) {
            best = i;
        }
    }
    return best < 0 ? 0 : best; /* below 0 where something is not a number */
}

void lp_top_k_f32(const lp_top_k_f32_t *op, const float *x, void *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c) {
        int32_t last = -1;
        for (int32_t i = 0; i < op->k; i++) {
            last = lp_next_best(x, op->c, last);
            if (op->places != 0) {
                ((int32_t *)y)[row * op->k + i] = last;
            } else {
                ((float *)y)[row * op->k + i] = x[last];
            }
        }
    }
}
