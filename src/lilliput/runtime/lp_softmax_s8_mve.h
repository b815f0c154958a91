/* lp_softmax_s8_mve: lp_softmax_s8 for the Arm vector extension, four elements at a time.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_softmax_s8.h.
 */
#ifndef LP_SOFTMAX_S8_MVE_H
#define LP_SOFTMAX_S8_MVE_H

#include <stdint.h>

#include "lp_softmax_s8.h"

void lp_softmax_s8_mve(const lp_softmax_s8_t *op, const int8_t *x, int8_t *y);

#endif
