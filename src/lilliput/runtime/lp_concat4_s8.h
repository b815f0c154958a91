/* lp_concat4_s8: concatenation of up to 4 values along one axis.
 *
 * Layout    x0[rows][run0], x1[rows][run1], ...; y[rows][run0 + run1 + ...], in bytes of any type
 * Value     each row of y is the rows of the inputs one after the other; where table is not null an int8 e becomes
 *           table[e + 128]. An input with a run of 0 is not looked at.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing; inputs may be one.
 * Failure   none at run time.
 */
#ifndef LP_CONCAT4_S8_H
#define LP_CONCAT4_S8_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    const int8_t *table0;
    int32_t run0;
    const int8_t *table1;
    int32_t run1;
    const int8_t *table2;
    int32_t run2;
    const int8_t *table3;
    int32_t run3;
} lp_concat4_s8_t;

void lp_concat4_s8(const lp_concat4_s8_t *op, const void *x0, const void *x1, const void *x2, const void *x3,
                   void *y);

#endif
