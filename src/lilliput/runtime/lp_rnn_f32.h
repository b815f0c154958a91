/* lp_rnn_f32: plain recurrent units over `steps` rows, in float.
 *
 * Layout    x[steps][input.c_in], h[n], y[steps][n]; `scratch` float[2 * n]
 * Value     for each row: h = f(input(x) + hidden(h)), f being tanh, or max(0, .) where relu is not 0; y = h
 * Memory    scratch 8 * n bytes; no heap. h stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time.
 */
#ifndef LP_RNN_F32_H
#define LP_RNN_F32_H

#include "lp_rows_f32.h"

typedef struct {
    lp_rows_f32_t input;
    lp_rows_f32_t hidden;
    int32_t steps;
    int32_t n;
    int32_t relu;
} lp_rnn_f32_t;

void lp_rnn_f32(const lp_rnn_f32_t *op, const float *restrict x, float *restrict h, float *restrict y, void *scratch);

#endif
