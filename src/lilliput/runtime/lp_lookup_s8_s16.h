/* lp_lookup_s8_s16: any function of one int8 that gives int16, by table.
 *
 * Layout    x[n], y[n]
 * Value     y[i] = table[x[i] + 128]
 * Ranges    table has 256 entries.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_LOOKUP_S8_S16_H
#define LP_LOOKUP_S8_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *table;
    int32_t n;
} lp_lookup_s8_s16_t;

void lp_lookup_s8_s16(const lp_lookup_s8_s16_t *op, const int8_t *x, int16_t *y);

#endif
