/* lp_fire_s32: some time steps of a row of integrate-and-fire neurons, with or without a leak, on potentials of 32 bits.
 *
 * Layout    acc[steps][stride], the currents, stride 0 where they are the same at each step; decay, threshold, start,
 *           y[channels]; v[channels], or NULL for potentials that begin with `start` and are not kept
 * Value     at each step t, with all sums exact:
 *           h = clamp(((v[c] * decay[c] + 2^14) >> 15) + acc[t][c])
 *           s = h >= threshold[c]; bit t of y[c] is s
 *           v[c] = h where s is 0, else h - threshold[c] where subtracts is not 0, else 0
 * Ranges    steps in 1 to 8; decay in 0 to 32768; threshold in 1 to 2^30; clamp is to -2^30 and 2^30, and |acc| < 2^30
 * Memory    no scratch, no heap. v stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves that the currents fit (LP312 otherwise).
 */
#ifndef LP_FIRE_S32_H
#define LP_FIRE_S32_H

#include <stdint.h>

typedef struct {
    const int32_t *decay;
    const int32_t *threshold;
    const int32_t *start;
    int32_t channels;
    int32_t steps;
    int32_t subtracts;
} lp_fire_s32_t;

void lp_fire_s32(const lp_fire_s32_t *op, const int32_t *acc, int32_t stride, int32_t *v, uint8_t *y);

#endif
