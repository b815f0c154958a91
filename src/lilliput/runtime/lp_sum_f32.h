/* lp_sum_f32: sums, or means, over some axes.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     y = (sum of x over sum1 and sum2) / divisor, summed in this order
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_SUM_F32_H
#define LP_SUM_F32_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t sum1;
    int32_t middle;
    int32_t sum2;
    int32_t inner;
    float divisor;
} lp_sum_f32_t;

void lp_sum_f32(const lp_sum_f32_t *op, const float *restrict x, float *restrict y);

#endif
