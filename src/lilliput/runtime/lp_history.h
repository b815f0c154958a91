/* lp_history: the last rows of a stream.
 *
 * Layout    x[new_bytes]; kept[kept_bytes + new_bytes], whole rows of row_bytes, the oldest first
 * Value     kept moves up by new_bytes and takes x at its end
 * Memory    scratch 0 bytes; no heap. kept stays as it is until the next call.
 * Aliasing  x and kept do not overlap.
 * Failure   none at run time. new_bytes is 1 or more, kept_bytes 0 or more.
 */
#ifndef LP_HISTORY_H
#define LP_HISTORY_H

#include <stdint.h>

typedef struct {
    int32_t kept_bytes;
    int32_t new_bytes;
    int32_t row_bytes; /* read by lp_history_blank */
    int32_t fill;      /* read by lp_history_blank */
} lp_history_t;

void lp_history(const lp_history_t *op, const void *restrict x, void *restrict kept);

#endif
