/* lp_strided_copy: gather elements of any type at regular strides: transposes, slices, repetitions, reversals.
 *
 * Layout    y[lengths[0]][lengths[1]]...[run], all in bytes; axes from 1 to 8
 * Value     run k of y is the run of x at start + sum of index[i] * steps[i]; a step of 0 repeats, one below 0 runs
 *           backwards
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_STRIDED_COPY_H
#define LP_STRIDED_COPY_H

#include <stdint.h>

typedef struct {
    const int32_t *lengths;
    const int32_t *steps;
    int32_t axes;
    int32_t start;
    int32_t run;
} lp_strided_copy_t;

void lp_strided_copy(const lp_strided_copy_t *op, const void *x, void *y);

#endif
