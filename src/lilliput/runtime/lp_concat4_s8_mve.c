#include "lp_concat4_s8_mve.h"

#include "lp_concat_part_mve.h"

void lp_concat4_s8_mve(const lp_concat4_s8_t *op, const int8_t *x0, const int8_t *x1, const int8_t *x2, const int8_t *x3,
                   int8_t *y)
{
    for (int32_t row = 0; row < op->rows; row++) {
        y = lp_concat_part_mve(op->table0, op->run0, x0 + row * op->run0, y);
        y = lp_concat_part_mve(op->table1, op->run1, x1 + row * op->run1, y);
        y = lp_concat_part_mve(op->table2, op->run2, x2 + row * op->run2, y);
        y = lp_concat_part_mve(op->table3, op->run3, x3 + row * op->run3, y);
    }
}
