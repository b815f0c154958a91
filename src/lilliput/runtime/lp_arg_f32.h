/* lp_arg_f32: place of the largest or of the smallest along one axis, float.
 *
 * Layout    x[outer][depth][inner], y[outer][inner]: int32_t, or int64_t where `wide` is not 0
 * Value     y = the first i for which sign * x[i] is largest; sign 1 or -1
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_ARG_F32_H
#define LP_ARG_F32_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t depth;
    int32_t inner;
    int32_t sign;
    int32_t wide;
} lp_arg_f32_t;

void lp_arg_f32(const lp_arg_f32_t *op, const float *x, void *y);

#endif
