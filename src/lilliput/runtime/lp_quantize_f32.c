#include "lp_quantize_f32.h"

#include <string.h>

#include "lp_fixed_point.h"

/* Half away from zero: the rest behind the point is exact. */
static int32_t lp_round(float x)
{
    const float near = x > -131072.0f ? (x < 131072.0f ? x : 131072.0f) : -131072.0f;
    const int32_t whole = (int32_t)near;
    const float rest = near - (float)whole;
    return whole + (rest >= 0.5f ? 1 : (rest <= -0.5f ? -1 : 0));
}

void lp_quantize_f32(const lp_quantize_f32_t *op, const float *x, void *y)
{
    const uint8_t *from = (const uint8_t *)(const void *)x;
    uint8_t *to = (uint8_t *)y;
    for (int32_t i = 0; i < op->n; i++, from += 4, to += op->item) {
        float real; /* by bytes: y may lie on x */
        (void)memcpy(&real, from, 4);
        const int32_t code = lp_clamp_s32(lp_round(real / op->scale) + op->y_offset, op->y_min, op->y_max);
        to[0] = (uint8_t)((uint32_t)code & 255u);
        if (op->item == 2) {
            const int16_t wide = (int16_t)code;
            (void)memcpy(to, &wide, 2);
        }
    }
}
