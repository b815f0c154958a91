/* lp_mean_s8: mean over up to two groups of axes, int8.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     acc = acc_start + sum of x over sum1 and sum2
 *           y   = clamp(requantise(acc, mult, shift) + y_offset, -128, 127)
 * Ranges    255 * sum1 * sum2 * 2^max(shift, 0) < 2^30, so nothing overflows (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MEAN_S8_H
#define LP_MEAN_S8_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t sum1;
    int32_t middle;
    int32_t sum2;
    int32_t inner;
    int32_t acc_start;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
} lp_mean_s8_t;

void lp_mean_s8(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
