/* lp_rows_f32: parts of a product of rows with weights, for the kernels that go over the rows in one order or another.
 *
 * Layout    x[..][c_in], y[..][c_out]; w of 4 channels [c_in][4], of one [c_in]
 * Value     y[r][o] = clamp(bias[o] + sum x[r][i] * w[o][i], y_min, y_max), summed in the order of i
 *           lp_rows_f32_block   4 rows, 4 channels
 *           lp_rows_f32_row     1 row, 4 channels
 *           lp_rows_f32_channel `rows` rows, 1 channel
 *           lp_rows_f32_few     up to 4 rows, all channels, their weights w as of lp_fully_connected_f32
 * Aliasing  y overlaps nothing.
 */
#ifndef LP_ROWS_F32_H
#define LP_ROWS_F32_H

#include <stdint.h>

typedef struct {
    const float *w;
    const float *bias;
    int32_t rows;
    int32_t c_in;
    int32_t c_out;
    float y_min;
    float y_max;
} lp_rows_f32_t;

void lp_rows_f32_block(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                       const float *restrict bias, float *restrict y);
void lp_rows_f32_row(const lp_rows_f32_t *op, const float *restrict x, const float *restrict w,
                     const float *restrict bias, float *restrict y);
void lp_rows_f32_channel(const lp_rows_f32_t *op, int32_t rows, const float *restrict x, const float *restrict w,
                         float bias, float *restrict y);
void lp_rows_f32_few(const lp_rows_f32_t *op, int32_t count, const float *restrict x, float *restrict y);

#endif
