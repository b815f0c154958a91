#include "lp_arg_s8.h"

void lp_arg_s8(const lp_arg_s8_t *op, const int8_t *x, void *y)
{
    int32_t at = 0;
    for (int32_t o = 0; o < op->outer; o++, x += op->depth * op->inner) {
        for (int32_t k = 0; k < op->inner; k++, at++) {
            int32_t best = 0;
            for (int32_t i = 1; i < op->depth; i++) {
                best = x[i * op->inner + k] * op->sign > x[best * op->inner + k] * op->sign ? i : best;
            }
            if (op->wide != 0) {
                ((int64_t *)y)[at] = best;
            } else {
                ((int32_t *)y)[at] = best;
            }
        }
    }
}
