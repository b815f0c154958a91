/* lp_lookup_s8_u8: any function of one int8 that gives uint8, by table.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = table[x[i] + 128]
 * Ranges    table has 256 entries.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_LOOKUP_S8_U8_H
#define LP_LOOKUP_S8_U8_H

#include <stdint.h>

typedef struct {
    const uint8_t *table;
    int32_t n;
} lp_lookup_s8_u8_t;

void lp_lookup_s8_u8(const lp_lookup_s8_u8_t *op, const int8_t *x, uint8_t *y);

#endif
