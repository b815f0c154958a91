/* lp_masked_softmax_f32: softmax of what is present in each row.
 *
 * Layout    x[rows][c], present[masks][c], bytes that are 0 or 1, over and over; y[rows][c]
 * Value     y_i = e^(x_i - m) / sum e^(x_j - m) over the present ones, m the largest of them; 0 for an absent one.
 *           Where nothing of a row is present, each is 1 / c.
 *           masks divides rows; row r has the truth values of r modulo masks.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise nothing overlaps.
 * Failure   none at run time.
 */
#ifndef LP_MASKED_SOFTMAX_F32_H
#define LP_MASKED_SOFTMAX_F32_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
    int32_t masks;
} lp_masked_softmax_f32_t;

void lp_masked_softmax_f32(const lp_masked_softmax_f32_t *op, const float *x, const int8_t *present, float *y);

#endif
