#include "lp_mul_f32.h"

LP_INLINE float lp_of(float a, float b)
{
    return a * b;
}

void lp_mul_f32(const lp_pair_f32_t *op, const float *a, const float *b, float *y)
{
    lp_pairs(op, a, b, y, lp_of);
}
