#include "lp_sum_f32.h"

/* The sums of 4 neighbouring columns, or of one. */
static void lp_columns(const lp_sum_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t inner = op->inner;
    const int32_t slab = op->middle * op->sum2 * inner;
    int32_t k = 0;
    for (; k + 4 <= inner; k += 4) {
        float a = 0.0f;
        float b = 0.0f;
        float c = 0.0f;
        float d = 0.0f;
        for (int32_t i = 0; i < op->sum1; i++) {
            const float *from = x + (i * slab + k);
            for (int32_t j = op->sum2; j > 0; j--, from += inner) {
                a += from[0];
                b += from[1];
                c += from[2];
                d += from[3];
            }
        }
        y[k] = a / op->divisor;
        y[k + 1] = b / op->divisor;
        y[k + 2] = c / op->divisor;
        y[k + 3] = d / op->divisor;
    }
    for (; k < inner; k++) {
        float sum = 0.0f;
        for (int32_t i = 0; i < op->sum1; i++) {
            for (int32_t j = 0; j < op->sum2; j++) {
                sum += x[i * slab + j * inner + k];
            }
        }
        y[k] = sum / op->divisor;
    }
}

void lp_sum_f32(const lp_sum_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t m = 0; m < op->middle; m++, y += op->inner) {
            lp_columns(op, x + m * run, y);
        }
    }
}
