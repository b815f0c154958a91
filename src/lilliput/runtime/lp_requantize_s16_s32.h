/* lp_requantize_s16_s32: int16 to int32 in another scale.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = requantise(x[i], mult, shift)
 * Ranges    2^15 * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_REQUANTIZE_S16_S32_H
#define LP_REQUANTIZE_S16_S32_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t mult;
    int32_t shift;
} lp_requantize_s16_s32_t;

void lp_requantize_s16_s32(const lp_requantize_s16_s32_t *op, const int16_t *x, int32_t *y);

#endif
