/* lp_select: one of two values, element by element, any type.
 *
 * Layout    condition[n], a[n], b[n], y[n]; elements of `item` bytes
 * Value     y = condition ? a : b
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_SELECT_H
#define LP_SELECT_H

#include <stdint.h>

typedef struct {
    const uint8_t *a;
    const uint8_t *b;
    int32_t n;
    int32_t item;
} lp_select_t;

void lp_select(const lp_select_t *op, const int8_t *condition, const void *a, const void *b, void *y);

#endif
