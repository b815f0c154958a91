#include "lp_history_blank.h"

#include <string.h>

void lp_history_blank(const lp_history_t *op, const void *restrict x, int32_t *restrict blank, void *restrict kept)
{
    lp_history(op, x, kept);
    uint8_t *row = (uint8_t *)kept + op->kept_bytes;
    const uint8_t *end = row + op->new_bytes;
    for (; *blank > 0 && row < end; row += op->row_bytes) {
        (void)memset(row, op->fill, (size_t)op->row_bytes);
        (*blank)--;
    }
}
