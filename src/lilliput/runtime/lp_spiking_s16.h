/* What the layers of spiking neurons with potentials of 16 bits have in common: their parameters, and their sums.
 *
 * A train is a byte: bit t is 1 where there is a spike at step t. The weights of one tap, a row, lie together, so that
 * a spike is one row more in the sums of its step, and where nothing fired nothing is done.
 *
 * A run is `count` trains side by side in x, from `at` on, that meet the taps from `tap` on.
 *
 * Sums      acc[steps][pad] = bias + sum of the rows of w whose tap has a spike at that step, for the runs from `run`
 *           up to `end`; 0 is given, and acc may be left as it is, where there is no spike at all
 * Ranges    steps in 1 to 8; no sum leaves 16 bits once it is complete, and it may wrap on its way; pad is a multiple of 4, taps are below 2^15
 */
#ifndef LP_SPIKING_S16_H
#define LP_SPIKING_S16_H

#include <stdint.h>

#include "lp_dense_s8_s16.h"
#include "lp_fire_s16.h"
#include "lp_spike_run.h"

typedef struct lp_spiking_s16 lp_spiking_s16_t;

typedef int32_t (*lp_spike_sums_s16_f)(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                                       const lp_spike_run_t *end, int16_t *acc, void *scratch);

struct lp_spiking_s16 {
    const int8_t *w;     /* [taps][pad], laid out as `sums` wants it */
    const int16_t *bias; /* [pad] */
    const uint8_t *idle; /* [channels]: the trains of potentials that begin with `start` where nothing comes */
    lp_spike_sums_s16_f sums;
    lp_fire_s16_f fires;
    lp_fire_s16_t fire;
    lp_spike_window_t window;
    int32_t taps;
    int32_t pad;
    int32_t lists;             /* bytes behind acc that `sums` wants */
    lp_dense_s8_s16_t feature; /* read by lp_spike_dense_s16 alone */
    lp_dense_t dense;          /* read by lp_spike_dense_s16 alone */
};

#endif
