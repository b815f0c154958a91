/* lp_gather: parts of x picked by number, any type.
 *
 * Layout    x[batch][outer][plane], index[batch][count][depth], y[batch][outer][count][run]; plane and run in bytes
 * Value     y[b][o][i] = the run of x[b][o] at sum over d of clamp(index[b][i][d], 0, lengths[d] - 1) * steps[d]
 *           op->x, op->index: constants in flash that take the place of the operands where they are not null;
 *           wide: the operand `index` is int64_t and not int32_t
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: an index outside is taken for the nearest inside.
 */
#ifndef LP_GATHER_H
#define LP_GATHER_H

#include <stdint.h>

typedef struct {
    const uint8_t *x;
    const int32_t *index;
    int32_t wide;
    const int32_t *lengths;
    const int32_t *steps;
    int32_t depth;
    int32_t batch;
    int32_t outer;
    int32_t count;
    int32_t plane;
    int32_t run;
} lp_gather_t;

void lp_gather(const lp_gather_t *op, const void *x, const void *index, void *y);

#endif
