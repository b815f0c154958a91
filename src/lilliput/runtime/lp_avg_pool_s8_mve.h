/* lp_avg_pool_s8_mve: lp_avg_pool_s8 for the Arm vector extension, four channels at a time.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_avg_pool_s8.h;
 * but k_h * k_w <= 4096, so that the division by their count is exact as a multiplication.
 */
#ifndef LP_AVG_POOL_S8_MVE_H
#define LP_AVG_POOL_S8_MVE_H

#include <stdint.h>

#include "lp_avg_pool_s8.h"

void lp_avg_pool_s8_mve(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
