/* lp_svdf_f32: lp_svdf_s8 in float.
 *
 * Layout    x[feature.c_in], state[filters][memory], the oldest first, time[filters][memory], y[units]
 * Value     as lp_svdf_s8 without requantisation; y is clamped to y_min and y_max
 * Memory    scratch 4 * filters bytes; no heap. state stays as it is until the next call.
 * Aliasing  none of them overlap.
 * Failure   none at run time.
 */
#ifndef LP_SVDF_F32_H
#define LP_SVDF_F32_H

#include "lp_rows_f32.h"

typedef struct {
    lp_rows_f32_t feature;
    const float *time;
    const float *bias;
    int32_t units;
    int32_t rank;
    int32_t memory;
    float y_min;
    float y_max;
} lp_svdf_f32_t;

void lp_svdf_f32(const lp_svdf_f32_t *op, const float *restrict x, float *restrict state, float *restrict y,
                 void *scratch);

#endif
