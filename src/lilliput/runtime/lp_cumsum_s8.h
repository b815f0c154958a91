/* lp_cumsum_s8: running sum along one axis, int8.
 *
 * Layout    x[outer][depth][inner], y likewise
 * Value     S = start + sum of x + x_offset over the elements so far, with or without (exclusive) the element itself;
 *           reverse: from the end. y = clamp(lp_wide_sum(S, mult, right) + y_offset, -128, 127)
 * Ranges    as lp_wide_sum.h; depth <= 2^15.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_CUMSUM_S8_H
#define LP_CUMSUM_S8_H

#include <stdint.h>

typedef struct {
    int32_t outer;
    int32_t depth;
    int32_t inner;
    int32_t exclusive;
    int32_t reverse;
    int32_t start;
    int32_t x_offset;
    int32_t mult;
    int32_t right;
    int32_t y_offset;
} lp_cumsum_s8_t;

void lp_cumsum_s8(const lp_cumsum_s8_t *op, const int8_t *x, int8_t *y);

#endif
