/* lp_spiking_conv2d_s16: a convolution of trains of spikes and the neurons behind it, whose potentials begin anew in
 * each call. A fully connected layer is one with a single place.
 *
 * Layout, Value, Memory, Aliasing, Failure: those of lp_spiking_windows_s16.h, without v
 */
#ifndef LP_SPIKING_CONV2D_S16_H
#define LP_SPIKING_CONV2D_S16_H

#include "lp_spiking_windows_s16.h"

void lp_spiking_conv2d_s16(const lp_spiking_s16_t *op, const uint8_t *restrict x, uint8_t *restrict y, void *scratch);

#endif
