/* lp_l2_normalization_s8: each row of int8 brought to length 1, in steps of 1/128.
 *
 * Layout    x[rows][c], y likewise
 * Value     q = x + x_offset; y = clamp(requantise(q, mult, shift + 7), -128, 127), mult and shift of
 *           1 / sqrt(sum of q^2) as lp_rsqrt.h defines it
 * Ranges    x_offset in [-127, 128]; c <= 2^15.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_L2_NORMALIZATION_S8_H
#define LP_L2_NORMALIZATION_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
    int32_t x_offset;
} lp_l2_normalization_s8_t;

void lp_l2_normalization_s8(const lp_l2_normalization_s8_t *op, const int8_t *x, int8_t *y);

#endif
