#include "lp_spiking_windows_s32.h"

#include <string.h>

#include "lp_spike_list.h"
#include "lp_spike_sums_s32.h"

void lp_spiking_windows_s32(const lp_spiking_s32_t *op, const uint8_t *x, int32_t *v, uint8_t *y, void *scratch)
{
    const lp_spike_window_t *window = &op->window;
    const int32_t channels = op->fire.channels;
    uint8_t *lists = (uint8_t *)scratch;
    int32_t *acc = (int32_t *)(void *)(lists + 2 * LP_SPIKE_LIST * op->fire.steps);
    lp_spike_run_t *runs = (lp_spike_run_t *)(void *)(acc + op->fire.steps * op->pad);
    for (int32_t oy = 0; oy < window->out_h; oy++) {
        for (int32_t ox = 0; ox < window->out_w; ox++, y += channels) {
            const lp_spike_run_t *end = lp_spike_runs(window, oy, ox, runs);
            if (lp_spike_sums_s32(op, x, runs, end, acc, lists) != 0) {
                lp_fire_s32(&op->fire, acc, op->pad, v, y);
            } else if (v != (int32_t *)0) {
                lp_fire_s32(&op->fire, op->bias, 0, v, y);
            } else {
                (void)memcpy(y, op->idle, (size_t)channels);
            }
            v = v != (int32_t *)0 ? v + channels : v;
        }
    }
}
