/* lp_resize_bilinear_s8: resize an int8 image by weighing the four pixels around a position.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]
 * Value     with r = row[i], p = row_weight[i], s = column[j], q = column_weight[j]:
 *           sum = (x[r][s] * (1024 - q) + x[r][s + 1] * q) * (1024 - p)
 *               + (x[r + 1][s] * (1024 - q) + x[r + 1][s + 1] * q) * p
 *           y[i][j] = sum / 2^20, round half away from zero
 * Ranges    weights in [0, 1024]; pixels r + 1 and s + 1 are looked at only where their weight is above 0, and are in
 *           the image there. |sum| <= 2^27.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_RESIZE_BILINEAR_S8_H
#define LP_RESIZE_BILINEAR_S8_H

#include <stdint.h>

typedef struct {
    int32_t w_in;
    int32_t c;
    int32_t h_out;
    int32_t w_out;
    const int16_t *row;
    const int16_t *row_weight;
    const int16_t *column;
    const int16_t *column_weight;
} lp_resize_bilinear_s8_t;

void lp_resize_bilinear_s8(const lp_resize_bilinear_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
