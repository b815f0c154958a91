#include "lp_arg_f32.h"

void lp_arg_f32(const lp_arg_f32_t *op, const float *x, void *y)
{
    const float sign = op->sign < 0 ? -1.0f : 1.0f;
    int32_t at = 0;
    for (int32_t o = 0; o < op->outer; o++, x += op->depth * op->inner) {
        for (int32_t k = 0; k < op->inner; k++, at++) {
            int32_t best = 0;
            for (int32_t i = 1; i < op->depth; i++) {
                best = sign * x[i * op->inner + k] > sign * x[best * op->inner + k] ? i : best;
            }
            if (op->wide != 0) {
                ((int64_t *)y)[at] = best;
            } else {
                ((int32_t *)y)[at] = best;
            }
        }
    }
}
