#include "lp_select.h"

#include <string.h>

void lp_select(const lp_select_t *op, const int8_t *condition, const void *a, const void *b, void *y)
{
    const uint8_t *yes = op->a != NULL ? op->a : (const uint8_t *)a;
    const uint8_t *no = op->b != NULL ? op->b : (const uint8_t *)b;
    uint8_t *to = (uint8_t *)y;
    const int32_t item = op->item;
    for (int32_t i = 0; i < op->n; i++) {
        const uint8_t *from = condition[i] != 0 ? yes : no;
        if (item == 1) {
            to[i] = from[i];
        } else {
            (void)memcpy(to + i * item, from + i * item, (size_t)item);
        }
    }
}
