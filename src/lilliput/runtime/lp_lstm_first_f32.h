/* lp_lstm_first_f32: lp_lstm_f32 that begins anew in each call, with given first values.
 *
 * Layout    x, y as in lp_lstm_f32.h; first[2 * n]; `scratch`: 2 * n floats, then what lp_lstm_f32 needs
 * Value     as lp_lstm_f32 on states that hold `first`
 * Memory    scratch 4 * 2 * n bytes more; no heap.
 * Aliasing  none of them overlap.
 * Failure   none at run time.
 */
#ifndef LP_LSTM_FIRST_F32_H
#define LP_LSTM_FIRST_F32_H

#include "lp_lstm_f32.h"

typedef struct {
    lp_lstm_f32_t cell;
    const float *first;
} lp_lstm_first_f32_t;

void lp_lstm_first_f32(const lp_lstm_first_f32_t *op, const float *restrict x, float *restrict y, void *scratch);

#endif
