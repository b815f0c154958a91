/* lp_spike_sums_s16: the sums of a layer of spiking neurons, one row of weights for each spike.
 *
 * Layout    w[taps][pad] in plain order; scratch uint16[steps][64]
 * Value, Ranges: as lp_spiking_s16.h says
 * Memory    scratch 128 * steps bytes; no heap.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_SPIKE_SUMS_S16_H
#define LP_SPIKE_SUMS_S16_H

#include "lp_spiking_s16.h"

int32_t lp_spike_sums_s16(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                          const lp_spike_run_t *end, int16_t *acc, void *scratch);

#endif
