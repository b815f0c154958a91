/* lp_add_linear_s8_rvv: lp_add_linear_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_add_linear_s8.h.
 */
#ifndef LP_ADD_LINEAR_S8_RVV_H
#define LP_ADD_LINEAR_S8_RVV_H

#include <stdint.h>

#include "lp_add_linear_s8.h"

void lp_add_linear_s8_rvv(const lp_add_linear_s8_t *op, const int8_t *a, const int8_t *b, int8_t *y);

#endif
