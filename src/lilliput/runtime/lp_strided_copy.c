#include "lp_strided_copy.h"

#include <string.h>

/* One loop over the innermost axis; runs of one element are copied without a call. */
static uint8_t *lp_copy_runs(const lp_strided_copy_t *op, const uint8_t *from, uint8_t *y)
{
    const int32_t count = op->lengths[op->axes - 1];
    const int32_t step = op->steps[op->axes - 1];
    const int32_t run = op->run;
    for (int32_t i = 0; i < count; i++, y += run) {
        if (run == 4) {
            (void)memcpy(y, from + i * step, 4);
        } else if (run == 1) {
            *y = from[i * step];
        } else {
            (void)memcpy(y, from + i * step, (size_t)run);
        }
    }
    return y;
}

void lp_strided_copy(const lp_strided_copy_t *op, const void *x, void *y)
{
    int32_t index[8] = {0};
    int32_t from = op->start;
    uint8_t *to = (uint8_t *)y;
    for (;;) {
        to = lp_copy_runs(op, (const uint8_t *)x + from, to);
        int32_t axis = op->axes - 2;
        for (; axis >= 0; axis--) {
            from += op->steps[axis];
            if (++index[axis] < op->lengths[axis]) {
                break;
            }
            from -= op->steps[axis] * op->lengths[axis];
            index[axis] = 0;
        }
        if (axis < 0) {
            return;
        }
    }
}
