/* lp_max_pool_s8_rvv: lp_max_pool_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_max_pool_s8.h.
 */
#ifndef LP_MAX_POOL_S8_RVV_H
#define LP_MAX_POOL_S8_RVV_H

#include <stdint.h>

#include "lp_max_pool_s8.h"

void lp_max_pool_s8_rvv(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
