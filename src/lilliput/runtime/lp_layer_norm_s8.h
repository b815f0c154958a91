/* lp_layer_norm_s8: each row of int8 brought to mean 0 and variance 1, then scaled and moved channel by channel.
 *
 * Layout    x[rows][c], y likewise; gain[c], bias[c]
 * Value     S = sum of x, W = c * sum of x^2 - S^2 + eps; m * 2^(e - 31) = 1 / sqrt(W / 4^k) as lp_rsqrt.h defines it,
 *           k so that W / 4^k < 2^31
 *           t = (c * x - S) * m / 2^(11 - e + k), rounded half up
 *           y = clamp((t * gain / 2^gain_shift + bias) / 2^16, -128, 127), the first rounded down, the second half up
 * Ranges    c <= 2^15; eps <= 2^60; |gain| < 2^30; |bias| <= 2^30; 4 <= gain_shift <= 44. |t| <= sqrt(c) * 2^20.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_LAYER_NORM_S8_H
#define LP_LAYER_NORM_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *gain;
    const int32_t *bias;
    int32_t gain_shift;
    int64_t eps;
    int32_t rows;
    int32_t c;
} lp_layer_norm_s8_t;

void lp_layer_norm_s8(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y);

#endif
