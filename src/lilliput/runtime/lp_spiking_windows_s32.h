/* lp_spiking_windows_s32: a convolution of trains of spikes, and the neurons behind it: place after place of the output.
 *
 * Layout    x[in_h][in_w][c_in], y[out_h][out_w][channels], v like y, or NULL for potentials that begin anew; scratch:
 *           the lists, acc, and the runs of one place
 * Value     as lp_spiking_s32.h and lp_fire_s32.h say
 * Memory    scratch as the compiler works it out; no heap. v stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_SPIKING_WINDOWS_S32_H
#define LP_SPIKING_WINDOWS_S32_H

#include "lp_spiking_s32.h"

void lp_spiking_windows_s32(const lp_spiking_s32_t *op, const uint8_t *x, int32_t *v, uint8_t *y, void *scratch);

#endif
