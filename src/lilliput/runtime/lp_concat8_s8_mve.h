/* lp_concat8_s8_mve: lp_concat8_s8 for the Arm vector extension, sixteen elements at a time.
 *
 * Layout, value, ranges, memory, aliasing, failure: as in lp_concat8_s8.h.
 */
#ifndef LP_CONCAT8_S8_MVE_H
#define LP_CONCAT8_S8_MVE_H

#include <stdint.h>

#include "lp_concat8_s8.h"

void lp_concat8_s8_mve(const lp_concat8_s8_t *op, const int8_t *x0, const int8_t *x1, const int8_t *x2, const int8_t *x3,
                       const int8_t *x4, const int8_t *x5, const int8_t *x6, const int8_t *x7, int8_t *y);

#endif
