/* lp_log_softmax_s8: logarithm of softmax over each row of int8, in steps of 1/16 below 127.
 *
 * Layout    x[rows][c], y likewise
 * Value     d = max x - x; sum of exp[d] over d < terms in Q12.19, its logarithm in Q5.26;
 *           y = clamp((-d in Q5.26 - logarithm) / 2^22 rounded half away from zero + 127, -128, 127), -128 where d does
 *           not fit Q5.26
 * Ranges    c < 4096; exp has `terms` entries up to 2^19; reach <= 255; reach * mult * 2^(shift - 31) < 2^31.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y may be x; otherwise they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_LOG_SOFTMAX_S8_H
#define LP_LOG_SOFTMAX_S8_H

#include <stdint.h>

typedef struct {
    const int32_t *exp;
    int32_t terms;
    int32_t mult;
    int32_t shift;
    int32_t reach;
    int32_t inverse_mult;
    int32_t inverse_shift;
    int32_t rows;
    int32_t c;
} lp_log_softmax_s8_t;

void lp_log_softmax_s8(const lp_log_softmax_s8_t *op, const int8_t *x, int8_t *y);

#endif
