/* lp_svdf_s8: a layer of filters of rank one, each over the input's elements and over time; int8 in, int8 out, a
 * state of int16 or (lp_svdf_state8_s8) of int8.
 *
 * Layout    x[feature.c_in], state[filters][memory], the oldest first, time[filters][memory], y[units];
 *           filters = feature.c_out = units * rank, of which `rank` in a row belong to a unit; `scratch` int16[filters]
 * Value     state moves up by one place in each filter and takes dense(x), an int16, at its end;
 *           acc[u] = bias[u] + sum over the unit's filters and over memory of state * time
 *           y[u] = clamp(requantise(acc, mult, shift) + y_offset, y_min, y_max)
 * Ranges    |acc| * 2^max(shift, 0) < 2^31; memory is 1 or more; bias holds what the zero point of the state adds
 * Memory    scratch 2 * filters bytes; no heap. state stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_SVDF_S8_H
#define LP_SVDF_S8_H

#include <stdint.h>

#include "lp_dense_s8_s16.h"

typedef struct {
    lp_dense_s8_s16_t feature;
    lp_dense_t dense;
    const void *time;
    const int32_t *bias;
    int32_t units;
    int32_t rank;
    int32_t memory;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_svdf_s8_t;

void lp_svdf_s8(const lp_svdf_s8_t *op, const int8_t *restrict x, int16_t *restrict state, int8_t *restrict y,
                void *scratch);

#endif
