/* lp_avg_pool_s8_rvv: lp_avg_pool_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_avg_pool_s8.h;
 * but k_h * k_w <= 4096, so that the division by their count is exact as a multiplication.
 */
#ifndef LP_AVG_POOL_S8_RVV_H
#define LP_AVG_POOL_S8_RVV_H

#include <stdint.h>

#include "lp_avg_pool_s8.h"

void lp_avg_pool_s8_rvv(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
