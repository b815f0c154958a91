/* lp_abs_s16: magnitude, int16.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = clamp(requantise(|x[i]|, mult, shift), -32768, 32767)
 * Ranges    2^15 * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_ABS_S16_H
#define LP_ABS_S16_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t mult;
    int32_t shift;
} lp_abs_s16_t;

void lp_abs_s16(const lp_abs_s16_t *op, const int16_t *x, int16_t *y);

#endif
