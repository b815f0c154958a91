/* lp_mean_s8_rvv: lp_mean_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_mean_s8.h.
 */
#ifndef LP_MEAN_S8_RVV_H
#define LP_MEAN_S8_RVV_H

#include <stdint.h>

#include "lp_mean_s8.h"

void lp_mean_s8_rvv(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
