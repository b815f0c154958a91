/* lp_gru_f32: gated recurrent units over `steps` rows, in float.
 *
 * Layout    x[steps][input.c_in], h[n], y[steps][n]; the parts of the products lie as reset gate, update gate,
 *           candidate, [n] each; hidden has the first two, late the third; `scratch` float[6 * n]
 * Value     for each row: r = sigmoid(input(x) + hidden(h)), z likewise;
 *           g = tanh(input(x) + r late(h)), or tanh(input(x) + late(r h)) where early is not 0;
 *           h = (1 - z) g + z h; y = h
 * Memory    scratch 24 * n bytes; no heap. h stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time.
 */
#ifndef LP_GRU_F32_H
#define LP_GRU_F32_H

#include "lp_rows_f32.h"

typedef struct {
    lp_rows_f32_t input;
    lp_rows_f32_t hidden;
    lp_rows_f32_t late;
    int32_t steps;
    int32_t n;
    int32_t early;
} lp_gru_f32_t;

void lp_gru_f32(const lp_gru_f32_t *op, const float *restrict x, float *restrict h, float *restrict y, void *scratch);

#endif
