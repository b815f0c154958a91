/* lp_leaky_kept_s8: lp_leaky_s8 with potentials that are kept from call to call.
 *
 * Layout    as lp_leaky_s8.h says, and v[places][channels]
 * Value, Ranges, Memory, Aliasing, Failure: those of lp_leaky_s8.h. v stays as it is until the next call.
 */
#ifndef LP_LEAKY_KEPT_S8_H
#define LP_LEAKY_KEPT_S8_H

#include "lp_leaky_s8.h"

void lp_leaky_kept_s8(const lp_leaky_s8_t *op, const int8_t *restrict x, int16_t *restrict v, uint8_t *restrict y,
                      void *scratch);

#endif
