/* lp_mul_constant_s8_rvv: lp_mul_constant_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_mul_constant_s8.h.
 */
#ifndef LP_MUL_CONSTANT_S8_RVV_H
#define LP_MUL_CONSTANT_S8_RVV_H

#include <stdint.h>

#include "lp_mul_constant_s8.h"

void lp_mul_constant_s8_rvv(const lp_mul_constant_s8_t *op, const int8_t *a, int8_t *y);

#endif
