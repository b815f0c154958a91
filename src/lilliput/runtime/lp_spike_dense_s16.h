/* lp_spike_dense_s16: the sums of a layer of spiking neurons as products, whatever fires: what the kernels by spikes are
 * held against, and what is faster where nearly everything fires.
 *
 * Layout    feature holds all weights as lp_dense_s8_s16.h says, with taps inputs, its factors 1 and the bias in it;
 *           scratch int8[2 * taps], taps rounded up to a multiple of four
 * Value, Ranges: as lp_spiking_s16.h says; 1 is given always
 * Memory    no heap.
 * Aliasing  none of them overlap.
 */
#ifndef LP_SPIKE_DENSE_S16_H
#define LP_SPIKE_DENSE_S16_H

#include "lp_spiking_s16.h"

int32_t lp_spike_dense_s16(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                           const lp_spike_run_t *end, int16_t *acc, void *scratch);

#endif
