#include "lp_fire_s16_dsp.h"

#include "lp_dsp_pairs.h"
#include "lp_fire_one_s16.h"

/* All steps of two neurons: the pair of potentials that is left; their trains in the low bytes of `bits`. */
static inline uint32_t lp_fire_two(const int16_t *acc, int32_t stride, int32_t steps, uint32_t v, uint32_t decay,
                                   uint32_t threshold, int32_t leaks, int32_t subtracts, uint32_t *bits)
{
    uint32_t fired = 0;
    uint32_t bit = 0x00010001u;
    LP_ROLLED do {
        if (leaks != 0) {
            v = lp_scale_pair(v, decay);
        }
        v = lp_qadd16(v, lp_load_pair(acc));
        if (subtracts != 0) {
            lp_fire_subtract(&v, threshold, bit, &fired);
        } else {
            lp_fire_zero(&v, threshold, bit, &fired);
        }
        acc += stride;
        bit += bit;
    } while (--steps != 0);
    *bits = fired;
    return v;
}

static inline void lp_fire_row(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y,
                               int32_t leaks, int32_t subtracts)
{
    const int16_t *before = v != (int16_t *)0 ? v : op->start;
    const int32_t whole = op->channels & ~1;
    LP_ROLLED for (int32_t c = 0; c < whole; c += 2) {
        uint32_t bits;
        const uint32_t decay = leaks != 0 ? lp_load_pair(op->decay + c) : 0;
        const uint32_t threshold = lp_load_pair(op->threshold + c);
        const uint32_t left = lp_fire_two(acc + c, stride, op->steps, lp_load_pair(before + c), decay, threshold,
                                          leaks, subtracts, &bits);
        y[c] = (uint8_t)(bits & 0xffu);
        y[c + 1] = (uint8_t)(bits >> 16);
        if (v != (int16_t *)0) {
            lp_store_pair(left, v + c);
        }
    }
    if (whole < op->channels) {
        const int16_t left = lp_fire_one(op, whole, acc + whole, stride, before[whole], y + whole);
        if (v != (int16_t *)0) {
            v[whole] = left;
        }
    }
}

void lp_fire_s16_dsp(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y)
{
    if (op->leaks != 0 && op->subtracts != 0) {
        lp_fire_row(op, acc, stride, v, y, 1, 1);
    } else if (op->leaks != 0) {
        lp_fire_row(op, acc, stride, v, y, 1, 0);
    } else if (op->subtracts != 0) {
        lp_fire_row(op, acc, stride, v, y, 0, 1);
    } else {
        lp_fire_row(op, acc, stride, v, y, 0, 0);
    }
}
