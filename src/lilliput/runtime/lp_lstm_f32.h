/* lp_lstm_f32: a long short-term memory over `steps` rows, in float.
 *
 * Layout    x[steps][input.c_in], h[n], c[n], y[steps][n]; the gates of both products lie as input, forget, cell,
 *           output gate, [n] each; `scratch` float[8 * n]
 * Value     for each row: gates = input(x) + hidden(h); c = sigmoid(f) c + sigmoid(i) tanh(g), clamped to clip if that
 *           is above 0; h = sigmoid(o) tanh(c); y = h.
 * Memory    scratch 32 * n bytes; no heap. h and c stay as they are until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time.
 */
#ifndef LP_LSTM_F32_H
#define LP_LSTM_F32_H

#include "lp_rows_f32.h"

typedef struct {
    lp_rows_f32_t input;
    lp_rows_f32_t hidden;
    int32_t steps;
    int32_t n;
    float clip;
} lp_lstm_f32_t;

void lp_lstm_f32(const lp_lstm_f32_t *op, const float *restrict x, float *restrict h, float *restrict c,
                 float *restrict y, void *scratch);

#endif
