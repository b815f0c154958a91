/* lp_read_input: ask the application for a part of the input, which is not in memory.
 *
 * Layout    y[rows][columns][channels of the input], packed
 * Value     y = rows top to top + rows - 1 of the input, columns left to left + columns - 1 of each
 * Memory    scratch 0 bytes; no heap; the stack is the application's.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time. The application defines lilliput_model_read_input; lilliput_model.h says for which input.
 */
#ifndef LP_READ_INPUT_H
#define LP_READ_INPUT_H

#include <stdint.h>

typedef struct {
    int32_t top;
    int32_t left;
    int32_t rows;
    int32_t columns;
} lp_read_input_t;

/* Defined by the application. */
void lilliput_model_read_input(int32_t top, int32_t left, int32_t rows, int32_t columns, void *to);

void lp_read_input(const lp_read_input_t *op, void *y);

#endif
