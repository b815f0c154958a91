/* lp_pad_s8: a border of one value around x.
 *
 * Layout    x[planes][rows][run]; the border is given in bytes of y, before and after the planes, each plane's rows, and
 *           each row's run
 * Value     y = x inside, value in the border
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_PAD_S8_H
#define LP_PAD_S8_H

#include <stdint.h>

typedef struct {
    int32_t planes;
    int32_t rows;
    int32_t run;
    int32_t before_planes;
    int32_t after_planes;
    int32_t before_rows;
    int32_t after_rows;
    int32_t before_run;
    int32_t after_run;
    int32_t value;
} lp_pad_s8_t;

void lp_pad_s8(const lp_pad_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
