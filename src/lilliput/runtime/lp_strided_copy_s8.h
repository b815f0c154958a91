/* lp_strided_copy_s8: gather elements at regular strides: transposes and slices.
 *
 * Layout    y[d0][d1][d2]
 * Value     y[i][j][k] = x[start + i * s0 + j * s1 + k * s2]
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_STRIDED_COPY_S8_H
#define LP_STRIDED_COPY_S8_H

#include <stdint.h>

typedef struct {
    int32_t start;
    int32_t d0;
    int32_t d1;
    int32_t d2;
    int32_t s0;
    int32_t s1;
    int32_t s2;
} lp_strided_copy_s8_t;

void lp_strided_copy_s8(const lp_strided_copy_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
