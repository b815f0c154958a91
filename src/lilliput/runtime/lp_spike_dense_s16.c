#include "lp_spike_dense_s16.h"

#include <string.h>

#include "lp_dsp.h"

int32_t lp_spike_dense_s16(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                           const lp_spike_run_t *end, int16_t *acc, void *scratch)
{
    const int32_t taps = op->taps;
    const int32_t words = (taps + 3) / 4;
    int8_t *trains = (int8_t *)scratch;
    int8_t *now = trains + 4 * words;
    (void)memset(trains, 0, (size_t)(4 * words));
    for (; run != end; run++) {
        (void)memcpy(trains + run->tap, x + run->at, (size_t)run->count);
    }
    for (int32_t t = 0; t < op->fire.steps; t++, acc += op->pad) {
        for (int32_t i = 0; i < words; i++) {
            lp_store4(lp_load4(trains + 4 * i) >> t & 0x01010101u, now + 4 * i);
        }
        op->dense(&op->feature, now, acc);
    }
    return 1;
}
