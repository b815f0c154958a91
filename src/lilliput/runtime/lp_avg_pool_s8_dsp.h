/* lp_avg_pool_s8_dsp: average pool, int8, four channels at a time by the Arm DSP instructions.
 *
 * Layout    as lp_avg_pool_s8
 * Value     the same bytes as lp_avg_pool_s8
 * Ranges    as lp_avg_pool_s8; k_h * k_w at most 256, so that sums stay in 16 bits
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_AVG_POOL_S8_DSP_H
#define LP_AVG_POOL_S8_DSP_H

#include "lp_avg_pool_s8.h"

void lp_avg_pool_s8_dsp(const lp_avg_pool_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
