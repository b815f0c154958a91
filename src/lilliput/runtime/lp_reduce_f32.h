/* lp_reduce_f32: the largest, or the smallest, over some axes.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     y = the largest of x over sum1 and sum2 where sign is 1, the smallest where it is -1
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_REDUCE_F32_H
#define LP_REDUCE_F32_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t sum1;
    int32_t middle;
    int32_t sum2;
    int32_t inner;
    int32_t sign;
} lp_reduce_f32_t;

void lp_reduce_f32(const lp_reduce_f32_t *op, const float *restrict x, float *restrict y);

#endif
