#include "lp_concat4_s8.h"

#include "lp_concat_part.h"

void lp_concat4_s8(const lp_concat4_s8_t *op, const void *x0, const void *x1, const void *x2, const void *x3,
                   void *y)
{
    int8_t *to = (int8_t *)y;
    for (int32_t row = 0; row < op->rows; row++) {
        to = lp_concat_part(op->table0, op->run0, (const int8_t *)x0 + row * op->run0, to);
        to = lp_concat_part(op->table1, op->run1, (const int8_t *)x1 + row * op->run1, to);
        to = lp_concat_part(op->table2, op->run2, (const int8_t *)x2 + row * op->run2, to);
        to = lp_concat_part(op->table3, op->run3, (const int8_t *)x3 + row * op->run3, to);
    }
}
