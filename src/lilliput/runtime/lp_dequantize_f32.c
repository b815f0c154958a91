#include "lp_dequantize_f32.h"

static int32_t lp_code(int32_t kind, const void *x, int32_t i)
{
    switch (kind) {
    case 0:
        return ((const int8_t *)x)[i];
    case 1:
        return ((const uint8_t *)x)[i];
    default:
        return ((const int16_t *)x)[i];
    }
}

void lp_dequantize_f32(const lp_dequantize_f32_t *op, const void *x, float *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        y[i] = (float)(lp_code(op->kind, x, i) + op->x_offset) * op->scale;
    }
}
