/* lp_fully_connected_s16: fully connected layer, int16 in, int8 weights, int16 out.
 *
 * Layout    x[c_in], w[c_out][c_in], y[c_out]
 * Value     y[o] = clamp(finish(bias[o] + sum x[i] * w[o][i], mult[o], code[o]), y_min, y_max), finish and the bias as in
 *           lp_wide_s16.h
 * Ranges    those of lp_wide_s16.h
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S16_H
#define LP_FULLY_CONNECTED_S16_H

#include <stdint.h>

typedef struct {
    const int8_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
    int32_t c_in;
    int32_t c_out;
    int32_t y_min;
    int32_t y_max;
} lp_fully_connected_s16_t;

void lp_fully_connected_s16(const lp_fully_connected_s16_t *op, const int16_t *restrict x, int16_t *restrict y);

#endif
