/* lp_requantize_s32_s8: int32 to int8 in another scale.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = clamp(requantise(x[i], mult, shift) + y_offset, -128, 127)
 * Ranges    shift <= 0, so that no number leaves 32 bits (LP312 otherwise); x_offset is 0.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may lie on x, from the same address on; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_REQUANTIZE_S32_S8_H
#define LP_REQUANTIZE_S32_S8_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t x_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
} lp_requantize_s32_s8_t;

void lp_requantize_s32_s8(const lp_requantize_s32_s8_t *op, const int32_t *x, int8_t *y);

#endif
