#include "lp_fire_s32.h"

#include "lp_fixed_point.h"

enum { LP_FIRE_LIMIT = 1 << 30 };

static int32_t lp_fire_one(const lp_fire_s32_t *op, int32_t c, const int32_t *acc, int32_t stride, int32_t v,
                           uint8_t *train)
{
    const int32_t decay = op->decay[c];
    const int32_t threshold = op->threshold[c];
    uint32_t bits = 0;
    for (int32_t t = 0; t < op->steps; t++, acc += stride) {
        const int32_t left = (int32_t)(((int64_t)v * decay + (1 << 14)) >> 15);
        v = lp_clamp_s32(left + *acc, -LP_FIRE_LIMIT, LP_FIRE_LIMIT);
        if (v >= threshold) {
            bits |= (uint32_t)1 << t;
            v = op->subtracts != 0 ? v - threshold : 0;
        }
    }
    *train = (uint8_t)bits;
    return v;
}

void lp_fire_s32(const lp_fire_s32_t *op, const int32_t *acc, int32_t stride, int32_t *v, uint8_t *y)
{
    const int32_t *before = v != (int32_t *)0 ? v : op->start;
    for (int32_t c = 0; c < op->channels; c++) {
        const int32_t after = lp_fire_one(op, c, acc + c, stride, before[c], y + c);
        if (v != (int32_t *)0) {
            v[c] = after;
        }
    }
}
