/* One run of a concatenation: copied, or changed by a table of 256 where the scale changes. Returns where y goes on. */
#ifndef LP_CONCAT_PART_H
#define LP_CONCAT_PART_H

#include <stdint.h>
#include <string.h>

#include "lp_lookup_s8.h"

static inline int8_t *lp_concat_part(const int8_t *table, int32_t run, const int8_t *x, int8_t *y)
{
    if (table == NULL) {
        (void)memcpy(y, x, (size_t)run);
    } else {
        const lp_lookup_s8_t lookup = {.table = table, .n = run};
        lp_lookup_s8(&lookup, x, y);
    }
    return y + run;
}

#endif
