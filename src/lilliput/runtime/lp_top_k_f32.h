/* lp_top_k_f32: the k largest of each row of float, or their places; of equal ones the first comes first.
 *
 * Layout    x[rows][c]; y[rows][k]: float values, or int32_t places where `places` is not 0
 * Ranges    1 <= k <= c.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_TOP_K_F32_H
#define LP_TOP_K_F32_H

#include <stdint.h>

typedef struct {
    int32_t rows;
    int32_t c;
    int32_t k;
    int32_t places;
} lp_top_k_f32_t;

void lp_top_k_f32(const lp_top_k_f32_t *op, const float *x, void *y);

#endif
