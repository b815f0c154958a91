/* lp_fire_s16: some time steps of a row of integrate-and-fire neurons, with or without a leak, on potentials of 16 bits.
 *
 * Layout    acc[steps][stride], the currents, stride 0 where they are the same at each step; decay, threshold, start,
 *           y[channels]; v[channels], or NULL for potentials that begin with `start` and are not kept
 * Value     at each step t, with all sums exact:
 *           h = clamp16(((v[c] * decay[c] + 2^14) >> 15) + acc[t][c]), or clamp16(v[c] + acc[t][c]) where leaks is 0
 *           s = h >= threshold[c]; bit t of y[c] is s
 *           v[c] = h where s is 0, else h - threshold[c] where subtracts is not 0, else 0
 * Ranges    steps in 1 to 8; decay in 0 to 32767, and 2^14 for all where leaks is 2; threshold in 1 to 32767
 * Memory    no scratch, no heap. v stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves that the currents fit (LP312 otherwise).
 */
#ifndef LP_FIRE_S16_H
#define LP_FIRE_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *decay;
    const int16_t *threshold;
    const int16_t *start;
    int32_t channels;
    int32_t steps;
    int32_t leaks;
    int32_t subtracts;
} lp_fire_s16_t;

/* One of the functions of this kind, for those that call it. */
typedef void (*lp_fire_s16_f)(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y);

void lp_fire_s16(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y);

#endif
