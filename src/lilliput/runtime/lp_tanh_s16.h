/* lp_tanh_s16: hyperbolic tangent, int16 in, int16 out with scale 2^-15.
 *
 * Layout    x[n], y[n], table[256]: the logistic function at k / 24, in 2^-16
 * Value     t = (x * mult + 2^(left - 1)) >> left, which is 12288 times the real input;
 *           |t| / 256 is a place in the table, read by a straight line between neighbours, from 255 on it is the largest;
 *           tanh |x| = 2 logistic(2 |x|) - 1, with the sign of t. Brought from 2^-23 to 2^-15, rounded.
 * Ranges    mult in [1, 65535], left in [0, 31), 2^15 * mult + 2^30 < 2^31.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_TANH_S16_H
#define LP_TANH_S16_H

#include <stdint.h>

typedef struct {
    const uint16_t *table;
    int32_t n;
    int32_t mult;
    int32_t left;
} lp_tanh_s16_t;

void lp_tanh_s16(const lp_tanh_s16_t *op, const int16_t *x, int16_t *y);

#endif
