/* lp_mean_s16: mean over up to two groups of axes, int16.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     acc = sum of x over sum1 and sum2
 *           y   = clamp(requantise(acc, mult, shift), -32768, 32767)
 * Ranges    32768 * sum1 * sum2 * 2^max(shift, 0) < 2^30, so nothing overflows (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MEAN_S16_H
#define LP_MEAN_S16_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t sum1;
    int32_t middle;
    int32_t sum2;
    int32_t inner;
    int32_t mult;
    int32_t shift;
} lp_mean_s16_t;

void lp_mean_s16(const lp_mean_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
