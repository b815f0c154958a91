/* lp_batch_matmul_f32: products of float matrices that are both activations, or one of them a constant.
 *
 * Layout    y[batch][rows][columns]; a and b by steps, from where the matrices of each of the batch begin
 * Value     y = sum over k of a[i * a_row + k * a_depth] * b[k * b_depth + j * b_column], in the order of k
 *           op->a, op->b: constants in flash that take the place of the operands where they are not null
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_BATCH_MATMUL_F32_H
#define LP_BATCH_MATMUL_F32_H

#include <stdint.h>

typedef struct {
    const float *a;
    const float *b;
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
} lp_batch_matmul_f32_t;

void lp_batch_matmul_f32(const lp_batch_matmul_f32_t *op, const float *a, const float *b, float *restrict y);

#endif
