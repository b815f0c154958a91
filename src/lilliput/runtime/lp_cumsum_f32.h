/* lp_cumsum_f32: running sums along one axis.
 *
 * Layout    x[outer][depth][inner], y likewise
 * Value     y[i] = x[0] + ... + x[i], without x[i] where `exclusive` is not 0; from the end where `reverse` is not 0
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may equal x; else it overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_CUMSUM_F32_H
#define LP_CUMSUM_F32_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t depth;
    int32_t inner;
    int32_t exclusive;
    int32_t reverse;
} lp_cumsum_f32_t;

void lp_cumsum_f32(const lp_cumsum_f32_t *op, const float *x, float *y);

#endif
