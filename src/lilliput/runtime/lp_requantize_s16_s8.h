/* lp_requantize_s16_s8: int16 to int8 in another scale.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = clamp(requantise(x[i] + x_offset, mult, shift) + y_offset, -128, 127)
 * Ranges    x_offset in [-32767, 32768]; 65535 * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may lie on x, from the same address on; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_REQUANTIZE_S16_S8_H
#define LP_REQUANTIZE_S16_S8_H

#include <stdint.h>

typedef struct {
    int32_t n;
    int32_t x_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
} lp_requantize_s16_s8_t;

void lp_requantize_s16_s8(const lp_requantize_s16_s8_t *op, const int16_t *x, int8_t *y);

#endif
