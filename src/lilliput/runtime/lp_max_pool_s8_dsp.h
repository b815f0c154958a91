/* lp_max_pool_s8_dsp: max pool, int8, four channels at a time by the Arm DSP instructions.
 *
 * Layout    as lp_max_pool_s8
 * Value     the same bytes as lp_max_pool_s8
 * Ranges    as lp_max_pool_s8
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_MAX_POOL_S8_DSP_H
#define LP_MAX_POOL_S8_DSP_H

#include "lp_max_pool_s8.h"

void lp_max_pool_s8_dsp(const lp_max_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
