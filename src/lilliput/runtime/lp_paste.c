#include "lp_paste.h"

#include <string.h>

#include "lp_copy_run.h"

void lp_paste(const lp_paste_t *op, const void *restrict tile, void *restrict y)
{
    const uint8_t *from = (const uint8_t *)tile;
    uint8_t *to = (uint8_t *)y;
    if (op->clear > 0) {
        (void)memset(to, op->fill, (size_t)op->clear);
    }
    to += op->start;
    for (int32_t r = 0; r < op->rows; r++, from += op->run, to += op->pitch) {
        lp_copy_run(to, from, op->run);
    }
}
