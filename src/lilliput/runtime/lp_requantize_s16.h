/* lp_requantize_s16: int16 to int16 in another scale, between two limits: a change of scale, or a rectifier.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = clamp(requantise(x[i], mult, shift), y_min, y_max)
 * Ranges    2^15 * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_REQUANTIZE_S16_H
#define LP_REQUANTIZE_S16_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t mult;
    int32_t shift;
    int32_t y_min;
    int32_t y_max;
} lp_requantize_s16_t;

void lp_requantize_s16(const lp_requantize_s16_t *op, const int16_t *x, int16_t *y);

#endif
