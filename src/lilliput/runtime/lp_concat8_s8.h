/* lp_concat8_s8: concatenation of up to 8 values along one axis.
 *
 * Layout    x0[rows][run0], x1[rows][run1], ...; y[rows][run0 + run1 + ...], in bytes of any type
 * Value     each row of y is the rows of the inputs one after the other; where table is not null an int8 e becomes
 *           table[e + 128]. An input with a run of 0 is not looked at.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing; inputs may be one.
 * Failure   none at run time.
 */
#ifndef LP_CONCAT8_S8_H
#define LP_CONCAT8_S8_H

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
    const int8_t *table4;
    int32_t run4;
    const int8_t *table5;
    int32_t run5;
    const int8_t *table6;
    int32_t run6;
    const int8_t *table7;
    int32_t run7;
} lp_concat8_s8_t;

void lp_concat8_s8(const lp_concat8_s8_t *op, const void *x0, const void *x1, const void *x2, const void *x3,
                   const void *x4, const void *x5, const void *x6, const void *x7, void *y);

#endif
