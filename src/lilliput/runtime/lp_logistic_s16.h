/* lp_logistic_s16: logistic function, int16 in, int16 out with scale 2^-15.
 *
 * Layout    x[n], y[n], table[256]: the function at k / 24, in 2^-16
 * Value     t = (x * mult + 2^(left - 1)) >> left, which is 12288 times the real input;
 *           |t| / 512 is a place in the table, read by a straight line between neighbours, from 255 on it is 1;
 *           for t < 0 that is taken from 1. Brought from 2^-25 to 2^-15, rounded.
 * Ranges    mult in [1, 65535], left in [0, 31), 2^15 * mult + 2^30 < 2^31.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_LOGISTIC_S16_H
#define LP_LOGISTIC_S16_H

#include <stdint.h>

typedef struct {
    const uint16_t *table;
    int32_t n;
    int32_t mult;
    int32_t left;
} lp_logistic_s16_t;

void lp_logistic_s16(const lp_logistic_s16_t *op, const int16_t *x, int16_t *y);

#endif
