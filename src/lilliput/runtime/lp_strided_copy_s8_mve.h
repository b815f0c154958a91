/* lp_strided_copy_s8_mve: lp_strided_copy_s8 for the Arm vector extension, eight elements at a time, sixteen where
 * they are neighbours.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_strided_copy_s8.h;
 * but 0 <= s2 <= 9000, so that seven steps are an offset of 16 bits.
 */
#ifndef LP_STRIDED_COPY_S8_MVE_H
#define LP_STRIDED_COPY_S8_MVE_H

#include <stdint.h>

#include "lp_strided_copy_s8.h"

void lp_strided_copy_s8_mve(const lp_strided_copy_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
