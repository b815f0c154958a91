/* lp_spiking_conv2d_kept_s16: lp_spiking_conv2d_s16 with potentials that are kept from call to call.
 *
 * Layout, Value, Memory, Aliasing, Failure: those of lp_spiking_windows_s16.h
 */
#ifndef LP_SPIKING_CONV2D_KEPT_S16_H
#define LP_SPIKING_CONV2D_KEPT_S16_H

#include "lp_spiking_windows_s16.h"

void lp_spiking_conv2d_kept_s16(const lp_spiking_s16_t *op, const uint8_t *restrict x, int16_t *restrict v,
                                uint8_t *restrict y, void *scratch);

#endif
