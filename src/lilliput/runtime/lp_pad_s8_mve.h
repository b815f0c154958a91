/* lp_pad_s8_mve: lp_pad_s8 for the Arm vector extension, sixteen bytes at a time.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_pad_s8.h.
 */
#ifndef LP_PAD_S8_MVE_H
#define LP_PAD_S8_MVE_H

#include <stdint.h>

#include "lp_pad_s8.h"

void lp_pad_s8_mve(const lp_pad_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
