#include "lp_read_input.h"

void lp_read_input(const lp_read_input_t *op, void *y)
{
    lilliput_model_read_input(op->top, op->left, op->rows, op->columns, y);
}
