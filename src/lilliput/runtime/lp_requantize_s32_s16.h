/* lp_requantize_s32_s16: int32 to int16 in another scale.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = clamp(requantise(x[i], mult, shift), -32768, 32767)
 * Ranges    shift <= 0 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_REQUANTIZE_S32_S16_H
#define LP_REQUANTIZE_S32_S16_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t mult;
    int32_t shift;
} lp_requantize_s32_s16_t;

void lp_requantize_s32_s16(const lp_requantize_s32_s16_t *op, const int32_t *x, int16_t *y);

#endif
