/* lp_fully_connected_s4: lp_fully_connected_s8 with weights of 4 bits.
 *
 * Layout    x[c_in], w[c_out][ceil(c_in / 2)]: weight i of a channel is the low half of byte i / 2 for even i, else the
 *           high half; y[c_out]
 * Value     the same bytes as lp_fully_connected_s8 with those weights in int8
 * Ranges    as there
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_FULLY_CONNECTED_S4_H
#define LP_FULLY_CONNECTED_S4_H

#include "lp_fully_connected_s8.h"

void lp_fully_connected_s4(const lp_fully_connected_s8_t *op, const int8_t *restrict x, int8_t *restrict y);

#endif
