/* lp_resize_bilinear_f32: resize a float image by weighing the pixels around each place.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     with p = row[i], q = row_above[i], u = row_weight[i], and l, m, v likewise of columns:
 *           y[i][j] = (1 - u) ((1 - v) x[p][l] + v x[p][m]) + u ((1 - v) x[q][l] + v x[q][m])
 * Ranges    rows have h_out entries in [0, h_in), columns w_out entries in [0, w_in).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_RESIZE_BILINEAR_F32_H
#define LP_RESIZE_BILINEAR_F32_H

#include <stdint.h>

typedef struct {
    int32_t w_in;
    int32_t c;
    int32_t h_out;
    int32_t w_out;
    const int16_t *row;
    const int16_t *row_above;
    const float *row_weight;
    const int16_t *column;
    const int16_t *column_above;
    const float *column_weight;
} lp_resize_bilinear_f32_t;

void lp_resize_bilinear_f32(const lp_resize_bilinear_f32_t *op, const float *restrict x, float *restrict y);

#endif
