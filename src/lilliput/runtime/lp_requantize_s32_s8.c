#include "lp_requantize_s32_s8.h"

#include <string.h>

#include "lp_fixed_point.h"

void lp_requantize_s32_s8(const lp_requantize_s32_s8_t *op, const int32_t *x, int8_t *y)
{
    const uint8_t *from = (const uint8_t *)(const void *)x;
    for (int32_t i = 0; i < op->n; i++, from += 4) {
        int32_t value; /* by bytes: y may lie on x */
        (void)memcpy(&value, from, 4);
        const int32_t moved = lp_requantise(value, op->mult, op->shift);
        y[i] = (int8_t)(lp_clamp_s32(moved, -128 - op->y_offset, 127 - op->y_offset) + op->y_offset);
    }
}
