/* lp_fully_connected_s8: fully connected layer, int8 in, int8 out.
 *
 * Layout    x[c_in], w[c_out][c_in], y[c_out]
 * Value     acc  = bias[o] + sum_i (x[i] + x_offset) * w[o][i]
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 * Ranges    x_offset in [-127, 128]; |bias[o]| + sum_i 255 * |w[o][i]| < 2^31, so acc cannot overflow.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S8_H
#define LP_FULLY_CONNECTED_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t c_in;
    int32_t c_out;
    int32_t x_offset;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_fully_connected_s8_t;

void lp_fully_connected_s8(const lp_fully_connected_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
