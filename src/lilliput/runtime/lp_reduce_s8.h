/* lp_reduce_s8: the largest or the smallest over up to two groups of axes, int8 or truth values of a byte.
 *
 * Layout    x[outer][sum1][middle][sum2][inner], y[outer][middle][inner]
 * Value     y = the element of x over sum1 and sum2 for which sign * x is largest; sign 1 or -1
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_REDUCE_S8_H
#define LP_REDUCE_S8_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t sum1;
    int32_t middle;
    int32_t sum2;
    int32_t inner;
    int32_t sign;
} lp_reduce_s8_t;

void lp_reduce_s8(const lp_reduce_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
