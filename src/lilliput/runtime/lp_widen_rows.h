/* lp_widen_row, lp_fill_row: padded rows of one channel in 16 bits, which the depthwise DSP kernels multiply two at a
 * time.
 *
 * Layout    from[count][step], of which the first byte of each is read; to[count]
 * Value     to[j] = from[j * step], or the padding
 * Ranges    count 0 or more
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  to overlaps nothing.
 * Failure   none.
 */
#ifndef LP_WIDEN_ROWS_H
#define LP_WIDEN_ROWS_H

#include <stdint.h>

void lp_widen_row(const int8_t *restrict from, int32_t step, int32_t count, int16_t *restrict to);

void lp_fill_row(int16_t padding, int32_t count, int16_t *to);

#endif
