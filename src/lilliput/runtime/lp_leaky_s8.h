/* lp_leaky_s8: integrate-and-fire neurons on currents of int8, which give trains of spikes; potentials of 16 bits that
 * begin anew in each call.
 *
 * Layout    x[rows][places][channels], rows 1 for currents that are the same at each step, else one a step;
 *           y[places][channels], trains as lp_spiking_s16.h says; scratch int16[rows][pad], pad channels or one more
 * Value     lp_fire_s16.h with the currents (x - x_zero) * 2^shift
 * Ranges    they fit 16 bits
 * Memory    scratch 2 * rows * pad bytes; no heap.
 * Aliasing  none of them overlap.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_LEAKY_S8_H
#define LP_LEAKY_S8_H

#include <stdint.h>

#include "lp_fire_s16.h"

typedef struct {
    lp_fire_s16_f fires;
    lp_fire_s16_t fire;
    int32_t rows;
    int32_t places;
    int32_t pad;
    int32_t x_zero;
    int32_t shift;
} lp_leaky_s8_t;

void lp_leaky_s8(const lp_leaky_s8_t *op, const int8_t *restrict x, uint8_t *restrict y, void *scratch);

#endif
