#include "lp_gather.h"

#include <string.h>

/* Number `at` of the index, brought into [0, length). */
static int32_t lp_gather_number(const lp_gather_t *op, const void *index, int32_t at, int32_t length)
{
    int64_t number;
    if (op->index != NULL) {
        number = op->index[at];
    } else if (op->wide != 0) {
        number = ((const int64_t *)index)[at];
    } else {
        number = ((const int32_t *)index)[at];
    }
    return number < 0 ? 0 : (number >= length ? length - 1 : (int32_t)number);
}

void lp_gather(const lp_gather_t *op, const void *x, const void *index, void *y)
{
    const uint8_t *plane = op->x != NULL ? op->x : (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y;
    for (int32_t b = 0; b < op->batch; b++) {
        for (int32_t o = 0; o < op->outer; o++, plane += op->plane) {
            for (int32_t i = 0; i < op->count; i++, to += op->run) {
                int32_t from = 0;
                for (int32_t d = 0; d < op->depth; d++) {
                    const int32_t at = (b * op->count + i) * op->depth + d;
                    from += lp_gather_number(op, index, at, op->lengths[d]) * op->steps[d];
                }
                (void)memcpy(to, plane + from, (size_t)op->run);
            }
        }
    }
}
