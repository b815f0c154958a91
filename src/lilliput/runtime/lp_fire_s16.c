#include "lp_fire_s16.h"

#include "lp_fire_one_s16.h"

void lp_fire_s16(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y)
{
    const int16_t *before = v != (int16_t *)0 ? v : op->start;
    for (int32_t c = 0; c < op->channels; c++) {
        const int16_t after = lp_fire_one(op, c, acc + c, stride, before[c], y + c);
        if (v != (int16_t *)0) {
            v[c] = after;
        }
    }
}
