/* lp_mean_s8_mve: lp_mean_s8 for the Arm vector extension, four columns at a time, or sixteen elements of one.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_mean_s8.h.
 */
#ifndef LP_MEAN_S8_MVE_H
#define LP_MEAN_S8_MVE_H

#include <stdint.h>

#include "lp_mean_s8.h"

void lp_mean_s8_mve(const lp_mean_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
