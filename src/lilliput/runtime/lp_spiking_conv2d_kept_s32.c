#include "lp_spiking_conv2d_kept_s32.h"

void lp_spiking_conv2d_kept_s32(const lp_spiking_s32_t *op, const uint8_t *restrict x, int32_t *restrict v,
                                uint8_t *restrict y, void *scratch)
{
    lp_spiking_windows_s32(op, x, v, y, scratch);
}
