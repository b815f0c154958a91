#include "lp_fire_s16_dsp.h"

#include "lp_dsp_pairs.h"
#include "lp_fire_one_s16.h"

enum { LP_HALF = 2 }; /* of `leaks` */

/* One step of two neurons: the pair of potentials that is left. */
LP_SPIKE_INLINE uint32_t lp_fire_step(uint32_t v, const int16_t *acc, uint32_t decay, uint32_t threshold, int32_t leaks,
                                    int32_t subtracts, uint32_t *fired)
{
    if (leaks != 0) {
        v = leaks == LP_HALF ? lp_halve_pair(v) : lp_scale_pair(v, decay);
    }
    v = lp_qadd16(v, lp_load_pair(acc));
    if (subtracts != 0) {
        lp_fire_subtract(&v, threshold, fired);
    } else {
        lp_fire_zero(&v, threshold, fired);
    }
    return v;
}

LP_SPIKE_INLINE void lp_fire_row(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y,
                               int32_t leaks, int32_t subtracts)
{
    const int16_t *before = v != (int16_t *)0 ? v : op->start;
    const int16_t *decays = op->decay;
    const int16_t *thresholds = op->threshold;
    const int32_t steps = op->steps;
    uint8_t *last = y + (op->channels & ~1);
    LP_ROLLED while (y != last) {
        uint32_t fired = 0;
        uint32_t now = lp_load_pair(before);
        const uint32_t threshold = lp_load_pair(thresholds);
        const uint32_t decay = leaks == 1 ? lp_load_pair(decays) : 0;
        const int16_t *current = acc;
        int32_t left = steps;
        if ((left & 1) != 0) {
            now = lp_fire_step(now, current, decay, threshold, leaks, subtracts, &fired);
            current += stride;
        }
        LP_ROLLED for (left >>= 1; left != 0; left--) {
            now = lp_fire_step(now, current, decay, threshold, leaks, subtracts, &fired);
            current += stride;
            now = lp_fire_step(now, current, decay, threshold, leaks, subtracts, &fired);
            current += stride;
        }
        fired >>= 8 - steps; /* the first step is bit 0 */
        y[0] = (uint8_t)(fired & 0xffu);
        y[1] = (uint8_t)(fired >> 16 & 0xffu);
        if (v != (int16_t *)0) {
            lp_store_pair(now, v);
            v += 2;
        }
        y += 2;
        acc += 2;
        before += 2;
        thresholds += 2;
        decays += 2;
    }
}

LP_SPIKE_INLINE void lp_fire_kind(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y,
                                int32_t leaks)
{
    if (op->subtracts != 0) {
        lp_fire_row(op, acc, stride, v, y, leaks, 1);
    } else {
        lp_fire_row(op, acc, stride, v, y, leaks, 0);
    }
}

/* The last neuron of an odd number. */
static LP_NOINLINE void lp_fire_last(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v,
                                     uint8_t *y)
{
    const int32_t c = op->channels - 1;
    const int16_t left = lp_fire_one(op, c, acc + c, stride, v != (int16_t *)0 ? v[c] : op->start[c], y + c);
    if (v != (int16_t *)0) {
        v[c] = left;
    }
}

void lp_fire_s16_dsp(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y)
{
    if (op->leaks == 0) {
        lp_fire_kind(op, acc, stride, v, y, 0);
    } else if (op->leaks == LP_HALF) {
        lp_fire_kind(op, acc, stride, v, y, LP_HALF);
    } else {
        lp_fire_kind(op, acc, stride, v, y, 1);
    }
    if ((op->channels & 1) != 0) {
        lp_fire_last(op, acc, stride, v, y);
    }
}
