#include "lp_history.h"

#include <string.h>

void lp_history(const lp_history_t *op, const void *restrict x, void *restrict kept)
{
    uint8_t *rows = (uint8_t *)kept;
    int32_t at = 0;
    /* In parts no longer than the distance, so that source and target of a copy never overlap. */
    while (at < op->kept_bytes) {
        const int32_t left = op->kept_bytes - at;
        const int32_t part = left < op->new_bytes ? left : op->new_bytes;
        (void)memcpy(rows + at, rows + at + op->new_bytes, (size_t)part);
        at += part;
    }
    (void)memcpy(rows + op->kept_bytes, x, (size_t)op->new_bytes);
}
