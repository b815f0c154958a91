/* lp_softmax_s8: softmax of each row, int8 in, int8 out with scale 1/256 and zero point -128.
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     d = max of the row - x; terms with d >= reach count as 0 and give -128. With e = exp[d] in Q0.31:
 *           sum = sum of e / 2^12 in Q12.19; r = 1 / sum by three Newton steps, in Q0.31 with its own exponent;
 *           y   = clamp(r * e brought to 1/256, -128, 127); every division by 2^n rounds half away from zero
 * Ranges    1 <= reach <= 256, exp[0] = 2^31 - 1, exp[reach] = 0; c < 4096, so sum < 2^31.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_SOFTMAX_S8_H
#define LP_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *exp;
    int32_t reach;
    int32_t rows;
    int32_t c;
} lp_softmax_s8_t;

void lp_softmax_s8(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y);

#endif
