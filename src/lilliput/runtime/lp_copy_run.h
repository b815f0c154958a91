/* lp_copy_run: a short run of bytes, inline: calls of memcpy cost more than the runs of small tiles.
 *
 * Aliasing  `to` may lie LP_COPY_STEP bytes or more below `from`; else they do not overlap.
 */
#ifndef LP_COPY_RUN_H
#define LP_COPY_RUN_H

#include <stdint.h>
#include <string.h>

#include "lp_compiler.h"

#define LP_COPY_STEP 16

static inline void lp_copy_run(uint8_t *to, const uint8_t *from, int32_t count)
{
    LP_ROLLED
    for (; count >= LP_COPY_STEP; count -= LP_COPY_STEP, from += LP_COPY_STEP, to += LP_COPY_STEP) {
        (void)memcpy(to, from, LP_COPY_STEP);
    }
    LP_ROLLED
    for (; count >= 4; count -= 4, from += 4, to += 4) {
        (void)memcpy(to, from, 4);
    }
    LP_ROLLED
    for (; count > 0; count--) {
        *to++ = *from++;
    }
}

#endif
