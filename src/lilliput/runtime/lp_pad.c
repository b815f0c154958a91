#include "lp_pad.h"

#include <string.h>

static void lp_fill(const lp_pad_t *op, uint8_t *y)
{
    if (op->item == 1) {
        (void)memset(y, op->fill[0], (size_t)op->total);
        return;
    }
    for (int32_t i = 0; i < op->total; i += op->item) {
        (void)memcpy(y + i, op->fill, (size_t)op->item);
    }
}

void lp_pad(const lp_pad_t *op, const void *x, void *y)
{
    const uint8_t *from = (const uint8_t *)x;
    uint8_t *to = (uint8_t *)y + op->start;
    int32_t index[8] = {0};
    lp_fill(op, (uint8_t *)y);
    for (int32_t axis = 0; axis >= 0;) {
        (void)memcpy(to, from, (size_t)op->run);
        from += op->run;
        for (axis = op->axes - 1; axis >= 0; axis--) {
            if (++index[axis] < op->lengths[axis]) {
                to += op->steps[axis];
                break;
            }
            to -= op->steps[axis] * (op->lengths[axis] - 1);
            index[axis] = 0;
        }
    }
}
