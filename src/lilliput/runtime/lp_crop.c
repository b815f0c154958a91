#include "lp_crop.h"

#include <string.h>

#include "lp_copy_run.h"

void lp_crop(const lp_crop_t *op, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x + op->start;
    uint8_t *to = (uint8_t *)y;
    for (int32_t r = 0; r < op->rows; r++, from += op->pitch, to += op->run) {
        /* In place `to` is `gap` bytes below `from`: in parts no longer than that, source and target never overlap. */
        const uintptr_t gap = (uintptr_t)from - (uintptr_t)to;
        if (gap >= LP_COPY_STEP) {
            lp_copy_run(to, from, op->run);
            continue;
        }
        for (int32_t at = 0; gap != 0u && at < op->run; at++) {
            to[at] = from[at];
        }
    }
}
