#include "lp_spiking_windows_s16.h"

#include <string.h>

void lp_spiking_windows_s16(const lp_spiking_s16_t *op, const uint8_t *x, int16_t *v, uint8_t *y, void *scratch)
{
    const lp_spike_window_t *window = &op->window;
    const int32_t channels = op->fire.channels;
    uint8_t *lists = (uint8_t *)scratch;
    int16_t *acc = (int16_t *)(void *)(lists + op->lists);
    lp_spike_run_t *runs = (lp_spike_run_t *)(void *)(acc + op->fire.steps * op->pad);
    for (int32_t oy = 0; oy < window->out_h; oy++) {
        for (int32_t ox = 0; ox < window->out_w; ox++, y += channels) {
            const lp_spike_run_t *end = lp_spike_runs(window, oy, ox, runs);
            if (op->sums(op, x, runs, end, acc, lists) != 0) {
                op->fires(&op->fire, acc, op->pad, v, y);
            } else if (v != (int16_t *)0) {
                op->fires(&op->fire, op->bias, 0, v, y);
            } else {
                (void)memcpy(y, op->idle, (size_t)channels);
            }
            v = v != (int16_t *)0 ? v + channels : v;
        }
    }
}
