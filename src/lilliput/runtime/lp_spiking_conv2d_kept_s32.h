/* lp_spiking_conv2d_kept_s32: lp_spiking_conv2d_s32 with potentials that are kept from call to call.
 *
 * Layout, Value, Memory, Aliasing, Failure: those of lp_spiking_windows_s32.h
 */
#ifndef LP_SPIKING_CONV2D_KEPT_S32_H
#define LP_SPIKING_CONV2D_KEPT_S32_H

#include "lp_spiking_windows_s32.h"

void lp_spiking_conv2d_kept_s32(const lp_spiking_s32_t *op, const uint8_t *restrict x, int32_t *restrict v,
                                uint8_t *restrict y, void *scratch);

#endif
