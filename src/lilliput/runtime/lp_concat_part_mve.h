/* lp_concat_part.h for the Arm vector extension. */
#ifndef LP_CONCAT_PART_MVE_H
#define LP_CONCAT_PART_MVE_H

#include <stddef.h>
#include <stdint.h>

#include "lp_lookup_s8_mve.h"
#include "lp_requantise_mve.h"

static inline int8_t *lp_concat_part_mve(const int8_t *table, int32_t run, const int8_t *x, int8_t *y)
{
    if (table == NULL) {
        lp_vcopy(y, x, run);
    } else {
        const lp_lookup_s8_t lookup = {.table = table, .n = run};
        lp_lookup_s8_mve(&lookup, x, y);
    }
    return y + run;
}

#endif
