/* lp_resize_nearest_s8: resize an image of any type by picking pixels.
 *
 * Layout    x[h_in][w_in][c], y[h_out][w_out][c]; c in bytes, of any type
 * Value     y[i][j] = x[row[i]][column[j]]
 * Ranges    row has h_out entries in [0, h_in), column w_out entries in [0, w_in).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_RESIZE_NEAREST_S8_H
#define LP_RESIZE_NEAREST_S8_H

#include <stdint.h>

typedef struct {
    int32_t w_in;
    int32_t c;
    int32_t h_out;
    int32_t w_out;
    const int16_t *row;
    const int16_t *column;
} lp_resize_nearest_s8_t;

void lp_resize_nearest_s8(const lp_resize_nearest_s8_t *op, const void *x, void *y);

#endif
