/* lp_masked_softmax_s8: softmax of what is present in each row, int8 in, int8 out with scale 1/256, zero point -128.
 *
 * Layout    x[rows][c], present[masks][c], bytes that are 0 or 1, over and over; y[rows][c]
 * Value     as lp_softmax_s8 over the present ones; an absent one counts as 0 and gives -128.
 *           Where nothing of a row is present, all of it is, with equal values.
 * Ranges    1 <= reach <= 256, exp[0] = 2^31 - 1, exp[reach] = 0; c < 4096, so the sum is below 2^31.
 *           masks divides rows; row r has the truth values of r modulo masks.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise nothing overlaps.
 * Failure   none at run time.
 */
#ifndef LP_MASKED_SOFTMAX_S8_H
#define LP_MASKED_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *exp;
    int32_t reach;
    int32_t rows;
    int32_t c;
    int32_t masks;
} lp_masked_softmax_s8_t;

void lp_masked_softmax_s8(const lp_masked_softmax_s8_t *op, const int8_t *x, const int8_t *present, int8_t *y);

#endif
