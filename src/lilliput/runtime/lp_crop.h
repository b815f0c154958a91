/* lp_crop: some rows of a map and some columns of each.
 *
 * Layout    x, y any type, as bytes; rows of x lie `pitch` bytes apart, y is packed
 * Value     y[r * run + i] = x[start + r * pitch + i] for r < rows, i < run
 * Ranges    start 0 or more, run 1 to pitch, or any run where rows is 1
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing, or begins where x begins.
 * Failure   none at run time.
 */
#ifndef LP_CROP_H
#define LP_CROP_H

#include <stdint.h>

typedef struct {
    int32_t start;
    int32_t rows;
    int32_t run;
    int32_t pitch;
} lp_crop_t;

void lp_crop(const lp_crop_t *op, const void *x, void *y);

#endif
