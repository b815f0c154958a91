/* lp_fully_connected_s4: lp_fully_connected_s8 with weights of 4 bits.
 *
 * Layout    x[c_in], w[c_out][ceil(c_in / 2)]: weight i of a channel is the low half of byte i / 2 for even i, else the
 *           high half; y[c_out]
 * Value     the same bytes as lp_fully_connected_s8 with those weights in int8
 * Ranges    x_offset in [-127, 128]; |bias[o]| + sum_i 255 * |w[o][i]| < 2^31, so acc cannot overflow.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S4_H
#define LP_FULLY_CONNECTED_S4_H

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
} lp_fully_connected_s4_t;

void lp_fully_connected_s4(const lp_fully_connected_s4_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
