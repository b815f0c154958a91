/* lp_layer_norm_s8: each row of int8 brought to mean 0 and variance 1, then scaled and moved channel by channel.
 *
 * Layout    x[rows][c], y likewise; gain_bias[c][2]: G and B of each channel
 * Value     S = sum of x, W = (c * sum of x^2 - S^2) * 4^spread_shift + eps; j so that V = floor(W / 4^j) is in
 *           [2^27, 2^29); M = 4 * lp_rsqrt_newton(V / 2), k = min(root_shift - j, 30); where k is below 0, M is divided
 *           by 2^-k and k is 0
 *           t = (c * x - S) * 2^k * M / 2^32, halves up
 *           y = clamp((t * G / 2^32 + B) / 2^fine, -128, 127), both rounded down
 * Ranges    c <= 2^15; 1 <= eps <= 2^60; W < 2^61; |G| <= 2^30; |B| <= 2^29; 4 <= fine <= 20; root_shift so that
 *           |t| <= 2^28 (the proof is in compiler/ops/layer_norm.py), so all 32-bit values fit.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_LAYER_NORM_S8_H
#define LP_LAYER_NORM_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *gain_bias;
    int32_t fine;
    int32_t spread_shift;
    int32_t root_shift;
    int64_t eps;
    int32_t rows;
    int32_t c;
} lp_layer_norm_s8_t;

void lp_layer_norm_s8(const lp_layer_norm_s8_t *op, const int8_t *x, int8_t *y);

#endif
