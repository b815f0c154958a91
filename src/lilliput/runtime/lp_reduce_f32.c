#include "lp_reduce_f32.h"

void lp_reduce_f32(const lp_reduce_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    const float sign = op->sign < 0 ? -1.0f : 1.0f; /* the smallest is the opposite of the largest opposite */
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * op->middle * run) {
        for (int32_t place = 0; place < op->middle * op->inner; place++) {
            const float *column = x + (place / op->inner * run + place % op->inner);
            float best = sign * column[0];
            for (int32_t i = 0; i < op->sum1; i++) {
                const float *from = column + i * op->middle * run;
                for (int32_t j = op->sum2; j > 0; j--, from += op->inner) {
                    best = sign * *from > best ? sign * *from : best;
                }
            }
            *y++ = sign * best;
        }
    }
}
