/* lp_events_s8: frames of int8 to trains of spikes: one wherever a frame is not 0.
 *
 * Layout    x[steps][n], y[n]
 * Value     bit t of y[i] is x[t][i] != x_zero
 * Ranges    steps in 1 to 8
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  they do not overlap.
 * Failure   none at run time.
 */
#ifndef LP_EVENTS_S8_H
#define LP_EVENTS_S8_H

#include <stdint.h>

typedef struct {
    int32_t steps;
    int32_t n;
    int32_t x_zero;
} lp_events_s8_t;

void lp_events_s8(const lp_events_s8_t *op, const int8_t *restrict x, uint8_t *restrict y);

#endif
