/* What the layers of spiking neurons with potentials of 32 bits have in common: their parameters, and their sums.
 *
 * A train is a byte: bit t is 1 where there is a spike at step t. The weights of one tap, a row, lie together, so that
 * a spike is one row more in the sums of its step, and where nothing fired nothing is done.
 *
 * A run is `count` trains side by side in x, from `at` on, that meet the taps from `tap` on.
 *
 * Sums      acc[steps][pad] = bias + sum of the rows of w whose tap has a spike at that step, for the runs from `run`
 *           up to `end`; 0 is given, and acc may be left as it is, where there is no spike at all
 * Ranges    steps in 1 to 8; no sum reaches 2^30; pad is a multiple of 4, taps are below 2^15
 */
#ifndef LP_SPIKING_S32_H
#define LP_SPIKING_S32_H

#include <stdint.h>

#include "lp_fire_s32.h"
#include "lp_spike_run.h"

typedef struct {
    const int8_t *w;     /* [taps][pad] */
    const int32_t *bias; /* [pad] */
    const uint8_t *idle; /* [channels]: the trains of potentials that begin with `start` where nothing comes */
    lp_fire_s32_t fire;
    lp_spike_window_t window;
    int32_t pad;
} lp_spiking_s32_t;

#endif
