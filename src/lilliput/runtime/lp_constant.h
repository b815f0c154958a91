/* lp_constant: what lies in flash, copied to working memory.
 *
 * Layout    data[bytes], y[bytes]
 * Value     y = data
 * Memory    scratch 0 bytes; no heap.
 * Failure   none at run time.
 */
#ifndef LP_CONSTANT_H
#define LP_CONSTANT_H

#include <stdint.h>

typedef struct {
    const uint8_t *data;
    int32_t bytes;
} lp_constant_t;

void lp_constant(const lp_constant_t *op, void *y);

#endif
