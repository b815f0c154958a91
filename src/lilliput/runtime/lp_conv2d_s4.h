/* lp_conv2d_s4: lp_conv2d_s8 with weights of 4 bits.
 *
 * Layout    as lp_conv2d_s8, but w[c_out][row_bytes], row_bytes = ceil(taps / 2): weight i of a channel is the low half
 *           of byte i / 2 for even i, else the high half
 * Value     the same bytes as lp_conv2d_s8 with those weights in int8
 * Ranges    as there
 * Memory    scratch taps bytes, taps = kernel_h * kernel_w * c_in / groups: the weights of one channel; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges before it emits a call (LP312 otherwise).
 */
#ifndef LP_CONV2D_S4_H
#define LP_CONV2D_S4_H

#include "lp_conv2d_s8.h"

void lp_conv2d_s4(const lp_conv2d_s8_t *op, const int8_t *restrict x, int8_t *restrict y, void *restrict scratch);

#endif
