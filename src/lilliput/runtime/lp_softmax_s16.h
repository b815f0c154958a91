/* lp_softmax_s16: softmax of each row, int16 in, int16 out with scale 2^-15.
 *
 * Both tables have 513 places over the int16 range, 128 apart, and are read between them by a straight line:
 *
 *     exp       e^t in 2^-15, for t from -10 (-32768) to 0 (32767)
 *     inverse   1 / (1 + t) in 2^-15, for t from 0 to 1
 *
 * Layout    x[rows][c], y[rows][c]
 * Value     d = requantise(x - max of the row, mult, shift), e = exp at d + 32767, clamped to int16
 *           sum of the row's e = 2^(31 - zeros) * (1 + t), t rounded to 16 bits; r = inverse at t
 *           y = clamp((e * r + 2^(30 - zeros)) >> (31 - zeros), 0, 32767)
 * Ranges    2^16 * 2^max(shift, 0) < 2^30 (LP312 otherwise); c < 65536, so the sum is below 2^31.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_SOFTMAX_S16_H
#define LP_SOFTMAX_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *exp;
    const int16_t *inverse;
    int32_t rows;
    int32_t c;
    int32_t mult;
    int32_t shift;
} lp_softmax_s16_t;

void lp_softmax_s16(const lp_softmax_s16_t *op, const int16_t *x, int16_t *y);

#endif
