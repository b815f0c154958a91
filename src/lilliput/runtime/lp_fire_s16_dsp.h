/* lp_fire_s16_dsp: lp_fire_s16 for the Arm DSP instructions, two neurons at a time.
 *
 * Layout, Value, Ranges, Memory, Aliasing, Failure: those of lp_fire_s16.h
 */
#ifndef LP_FIRE_S16_DSP_H
#define LP_FIRE_S16_DSP_H

#include "lp_fire_s16.h"

void lp_fire_s16_dsp(const lp_fire_s16_t *op, const int16_t *acc, int32_t stride, int16_t *v, uint8_t *y);

#endif
