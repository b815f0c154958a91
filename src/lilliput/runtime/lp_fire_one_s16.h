/* All steps of one neuron, as lp_fire_s16.h says: gives the potential that is left, and writes the train. */
#ifndef LP_FIRE_ONE_S16_H
#define LP_FIRE_ONE_S16_H

#include "lp_fire_s16.h"
#include "lp_fixed_point.h"

static inline int16_t lp_fire_one(const lp_fire_s16_t *op, int32_t c, const int16_t *acc, int32_t stride, int32_t v,
                                  uint8_t *train)
{
    const int32_t decay = op->leaks != 0 ? op->decay[c] : 1 << 15;
    const int32_t threshold = op->threshold[c];
    const int32_t kept = op->subtracts != 0 ? threshold : 0;
    uint32_t bits = 0;
    for (int32_t t = 0; t < op->steps; t++, acc += stride) {
        const int32_t h = lp_clamp_s32(((v * decay + (1 << 14)) >> 15) + *acc, -32768, 32767);
        v = h;
        if (h >= threshold) {
            bits |= (uint32_t)1 << t;
            v = kept != 0 ? h - kept : 0;
        }
    }
    *train = (uint8_t)bits;
    return (int16_t)v;
}

#endif
