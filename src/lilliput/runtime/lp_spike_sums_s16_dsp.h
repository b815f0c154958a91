/* lp_spike_sums_s16_dsp: lp_spike_sums_s16 for the Arm DSP instructions, sixteen sums at a time, then eight, then four.
 *
 * Layout    w: [taps][16] for each sixteen of pad, then [taps][8] where eight are left, then [taps][4]; of each four
 *           weights in the order 0, 2, 1, 3; acc at a multiple of four bytes
 * Value, Ranges, Memory, Aliasing, Failure: as lp_spike_sums_s16.h says
 */
#ifndef LP_SPIKE_SUMS_S16_DSP_H
#define LP_SPIKE_SUMS_S16_DSP_H

#include "lp_spiking_s16.h"

int32_t lp_spike_sums_s16_dsp(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                              const lp_spike_run_t *end, int16_t *acc, void *scratch);

#endif
