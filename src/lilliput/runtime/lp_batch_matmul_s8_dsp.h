/* lp_batch_matmul_s8_dsp: products of int8 matrices, both activations or one a constant, for the Arm DSP instructions.
 *
 * One operand is gathered: four of its rows at a time are widened to 16 bits, less their zero point. The other is
 * streamed as it lies, four bytes at a time; its zero point comes in by the sums of the gathered rows. Each word of it
 * is multiplied with four rows, 16 products in 13 instructions.
 *
 * Layout    gathered row i of matrix n begins at p + p_start[n] + i * p_row, its elements p_depth apart; streamed row j
 *           at w + w_start[n] + j * w_row, its elements side by side; y at n * p_rows * w_rows + i * y_p + j * y_w
 * Value     acc = sum over k of (p[i][k] + p_offset) * (w[j][k] + w_offset)
 *           y = clamp(requantise(acc, mult, shift) + y_offset, -128, 127): the same bytes as lp_batch_matmul_s8
 *           op->p, op->w: constants in flash that take the place of the operands where they are not null
 * Ranges    offsets in [-127, 128]; 255^2 * depth * 2^max(shift, 0) < 2^30 (LP312 otherwise).
 * Memory    scratch 32 * ceil(depth / 4) bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_BATCH_MATMUL_S8_DSP_H
#define LP_BATCH_MATMUL_S8_DSP_H

#include <stdint.h>

typedef struct {
    const int8_t *p;
    const int8_t *w;
    const int32_t *p_start;
    const int32_t *w_start;
    int32_t batch;
    int32_t p_rows;
    int32_t w_rows;
    int32_t depth;
    int32_t p_row;
    int32_t p_depth;
    int32_t w_row;
    int32_t y_p;
    int32_t y_w;
    int32_t p_offset;
    int32_t w_offset;
    int32_t mult;
    int32_t shift;
    int32_t y_offset;
} lp_batch_matmul_s8_dsp_t;

void lp_batch_matmul_s8_dsp(const lp_batch_matmul_s8_dsp_t *op, const int8_t *p, const int8_t *w, int8_t *restrict y,
                            void *restrict scratch);

#endif
