/* lp_lstm_s8: a long short-term memory over `steps` rows; int8 in, int8 out, a cell state of int16.
 *
 * Layout    x[steps][input.c_in], h[n], c[n], y[steps][n]; the gates of both products lie as input, forget, cell,
 *           output gate, [n] each; `scratch` int16[8 * n]
 * Value     for each row: gate = saturate(dense(x) + dense(h)), in 2^-12; i, f, o = logistic, g = tanh of theirs, in
 *           2^-15; c = saturate(requantise(f * c) + requantise(i * g)), each term saturated, clamped to clip if that is
 *           above 0; h = clamp(requantise(o * tanh(c)) + h_zero, -128, 127); y = h
 * Ranges    as in lp_dense_s8_s16.h, lp_logistic_s16.h, lp_tanh_s16.h; products 2^30 * 2^max(shift, 0) < 2^31
 * Memory    scratch 16 * n bytes; no heap. h and c stay as they are until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_LSTM_S8_H
#define LP_LSTM_S8_H

#include <stdint.h>

#include "lp_dense_s8_s16.h"

typedef struct {
    lp_dense_s8_s16_t input;
    lp_dense_s8_s16_t hidden;
    lp_dense_t dense;
    const uint16_t *table; /* that of lp_tanh_s16.h */
    int32_t steps;
    int32_t n;
    int32_t tanh_mult; /* of the cell state */
    int32_t tanh_left;
    int32_t forget_mult;
    int32_t forget_shift;
    int32_t update_mult;
    int32_t update_shift;
    int32_t output_mult;
    int32_t output_shift;
    int32_t h_zero;
    int32_t clip;
} lp_lstm_s8_t;

void lp_lstm_s8(const lp_lstm_s8_t *op, const int8_t *restrict x, int8_t *restrict h, int16_t *restrict c,
                int8_t *restrict y, void *scratch);

#endif
