/* lp_affine_u8: bring uint8 samples to int8, each channel by its own offset and factor.
 *
 * Layout    x[count][channels], y[count][channels]; rows are packed.
 * Value     t    = ((x - offset[c]) * mult[c] + round[c]) >> shift[c]
 *           y    = clamp(t + zero_point, -128, 127)
 * Ranges    |x - offset[c]| < 2^8; mult[c] in [0, 2^22); |round[c]| < 2^30; shift[c] in [0, 30]:
 *           the product is below 2^30 and the sum below 2^31, so no sum leaves its type for any x.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x, or lie nowhere on it.
 * Failure   none at run time: features/affine.py checks the ranges when the tables are made.
 *
 * Shifting a negative number right is arithmetic on every compiler this project supports; the tests hold it.
 */
#ifndef LP_AFFINE_U8_H
#define LP_AFFINE_U8_H

#include <stdint.h>

typedef struct {
    const int32_t *offset; /* [channels] */
    const int32_t *mult;   /* [channels] */
    const int32_t *round;  /* [channels] */
    const int8_t *shift;   /* [channels] */
    int32_t count;
    int32_t channels;
    int32_t zero_point;
} lp_affine_u8_t;

void lp_affine_u8(const lp_affine_u8_t *op, const uint8_t *x, int8_t *y);

#endif
