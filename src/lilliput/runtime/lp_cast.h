/* lp_cast: numbers from one type to another.
 *
 * Layout    x[n], y[n]; types from, to: 0 truth values of a byte, 1 int8, 2 uint8, 3 int16, 4 int32, 5 int64, 6 float
 * Value     integers wrap around; float to integer is cut off towards zero and at the ends of the type, not a number
 *           gives 0; any number but 0 is true (1)
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_CAST_H
#define LP_CAST_H

#include <stdint.h>

typedef struct {
    int32_t from;
    int32_t to;
    int32_t n;
} lp_cast_t;

void lp_cast(const lp_cast_t *op, const void *x, void *y);

#endif
