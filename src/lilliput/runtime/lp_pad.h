/* lp_pad: a border of one value around x, any type and number of axes.
 *
 * Layout    x[lengths[0]][lengths[1]]...[run], in bytes; axes from 1 to 8
 * Value     y is `total` bytes of `fill`, `item` bytes over and over; run k of x then goes to
 *           y[start + sum of index[i] * steps[i]]
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_PAD_H
#define LP_PAD_H

#include <stdint.h>

typedef struct {
    const int32_t *lengths;
    const int32_t *steps;
    int32_t axes;
    int32_t start;
    int32_t run;
    const uint8_t *fill;
    int32_t item;
    int32_t total;
} lp_pad_t;

void lp_pad(const lp_pad_t *op, const void *x, void *y);

#endif
