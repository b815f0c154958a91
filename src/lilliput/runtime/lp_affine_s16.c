#include "lp_affine_s16.h"

void lp_affine_s16(const lp_affine_s16_t *op, const int16_t *x, int8_t *y)
{
    for (int32_t i = 0; i < op->count; i++) {
        for (int32_t c = 0; c < op->channels; c++) {
            const int32_t t = ((*x++ - op->offset[c]) * op->mult[c] + op->round[c]) >> op->shift[c];
            const int32_t q = t + op->zero_point;
            *y++ = (int8_t)(q < -128 ? -128 : (q > 127 ? 127 : q));
        }
    }
}
