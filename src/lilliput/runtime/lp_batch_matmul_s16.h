/* lp_batch_matmul_s16: products of int16 matrices that are both activations, or one of them a constant.
 *
 * Layout    y[batch][rows][columns]; a and b by steps, from where the matrices of each of the batch begin
 * Value     acc = sum over k of a[i * a_row + k * a_depth] * b[k * b_depth + j * b_column], in 64 bits
 *           y = clamp((acc * mult + 2^(code - 1)) >> code, -32768, 32767)
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Ranges    those of lp_wide_s16.h; code > 0
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_BATCH_MATMUL_S16_H
#define LP_BATCH_MATMUL_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *a;
    const int16_t *b;
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
    int32_t mult;
    int32_t code;
} lp_batch_matmul_s16_t;

void lp_batch_matmul_s16(const lp_batch_matmul_s16_t *op, const int16_t *a, const int16_t *b, int16_t *restrict y);

#endif
