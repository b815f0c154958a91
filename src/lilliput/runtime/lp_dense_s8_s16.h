/* lp_dense_s8_s16: y = x * w^T + b, int8 in, int16 out: what the recurrent cells are made of.
 *
 * Layout    x[c_in], y[c_out]; w: bytes of w + 128, for each four channels [c_in][4], then the c_out % 4 last channels,
 *           [c_in] each; or words, as lp_dense_s8_s16_dsp.h says
 * Value     acc  = bias[o] + sum of x[i] * w[o][i]
 *           y[o] = clamp(requantise(acc, mult[o], shift[o]) + y_offset, y_min, y_max)
 *           bias holds what the zero point of x adds, and acc may wrap on its way.
 * Ranges    |acc| * 2^max(shift, 0) < 2^31; y_min and y_max in int16
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_DENSE_S8_S16_H
#define LP_DENSE_S8_S16_H

#include <stdint.h>

typedef struct {
    const void *w;
    const int32_t *bias;
    const int32_t *mult;
    const int8_t *shift;
    int32_t c_in;
    int32_t c_out;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_dense_s8_s16_t;

/* One of the kernels of this kind, for those that call it. */
typedef void (*lp_dense_t)(const lp_dense_s8_s16_t *op, const int8_t *restrict x, int16_t *restrict y);

void lp_dense_s8_s16(const lp_dense_s8_s16_t *op, const int8_t *restrict x, int16_t *restrict y);

#endif
