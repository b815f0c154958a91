/* lp_lookup_s8_rvv: lp_lookup_s8 for the vector extension of RISC-V.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_lookup_s8.h.
 */
#ifndef LP_LOOKUP_S8_RVV_H
#define LP_LOOKUP_S8_RVV_H

#include <stdint.h>

#include "lp_lookup_s8.h"

void lp_lookup_s8_rvv(const lp_lookup_s8_t *op, const int8_t *x, int8_t *y);

#endif
