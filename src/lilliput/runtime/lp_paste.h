/* lp_paste: put a tile into a map.
 *
 * Layout    tile, y any type, as bytes; the tile is packed, rows of y lie `pitch` bytes apart
 * Value     the first `clear` bytes of y become `fill`; then y[start + r * pitch + i] = tile[r * run + i]
 *           for r < rows, i < run. All else of y stays.
 * Ranges    clear is 0 or all bytes of y; fill in [-128, 127]; run 1 to pitch
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  tile and y do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_PASTE_H
#define LP_PASTE_H

#include <stdint.h>

typedef struct {
    int32_t start;
    int32_t rows;
    int32_t run;
    int32_t pitch;
    int32_t clear;
    int32_t fill;
} lp_paste_t;

void lp_paste(const lp_paste_t *op, const void *restrict tile, void *restrict y);

#endif
