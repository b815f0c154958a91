/* lp_add_linear_s8_simd: sum or difference of two int8 values of one shape, as one linear form, for this machine's
 * vectors.
 *
 * Layout    y[n], a[n], b[n]
 * Value     y = clamp((a * a_factor + b * b_factor + start) >> shift, y_min, y_max)
 * Ranges    the compiler has tried all 65536 pairs: the sum fits 32 bits, and the result is that of lp_add_s8.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be a or b; otherwise they do not overlap.
 * Failure   none at run time: where no such coefficients are found, lp_add_s8 is called instead.
 */
#ifndef LP_ADD_LINEAR_S8_SIMD_H
#define LP_ADD_LINEAR_S8_SIMD_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t a_factor;
    int32_t b_factor;
    int32_t start;
    int32_t shift;
    int32_t y_min;
    int32_t y_max;
} lp_add_linear_s8_simd_t;

void lp_add_linear_s8_simd(const lp_add_linear_s8_simd_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
