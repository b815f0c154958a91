/* lp_batch_matmul_s8: products of int8 matrices that are both activations, or one of them a constant.
 *
 * Layout    y[batch][rows][columns]; a and b by steps, from where the matrices of each of the batch begin
 * Value     acc = sum over k of (a[i * a_row + k * a_depth] + a_offset) * (b[k * b_depth + j * b_column] + b_offset)
 *           y = clamp(requantise(acc, mult, shift) + y_offset, -128, 127)
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Ranges    offsets in [-127, 128]; 255^2 * depth * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_BATCH_MATMUL_S8_H
#define LP_BATCH_MATMUL_S8_H

#include <stdint.h>

typedef struct {
    const int8_t *a;
    const int8_t *b;
    const int32_t *a_start;
    const int32_t *b_start;
    int32_t batch;
    int32_t rows;
    int32_t columns;
    int32_t depth;
    int32_t a_row;
    int32_t a_depth;
    int32_t b_depth;
    int32_t b_column;
    int32_t a_offset;
    int32_t b_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
} lp_batch_matmul_s8_t;

void lp_batch_matmul_s8(const lp_batch_matmul_s8_t *op, const int8_t *a, const int8_t *b, int8_t *restrict y);

#endif
