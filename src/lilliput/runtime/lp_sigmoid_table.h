/* A table of 256 places, read between its places by a straight line.
 *
 * Value     with k = t >> bits and r the rest: table[k] * 2^bits + r * (table[k + 1] - table[k]); `most` from k = 255 on
 * Ranges    t >= 0; bits at most 9
 */
#ifndef LP_SIGMOID_TABLE_H
#define LP_SIGMOID_TABLE_H

#include <stdint.h>

static inline int32_t lp_between(const uint16_t *table, int32_t t, int32_t bits, int32_t most)
{
    const int32_t k = t >> bits;
    if (k >= 255) {
        return most;
    }
    return table[k] * (1 << bits) + (t & ((1 << bits) - 1)) * (table[k + 1] - table[k]);
}

#endif
