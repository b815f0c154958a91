/* lp_history_blank: lp_history at the beginning of a stream.
 *
 * Layout    as lp_history; blank[1] counts the rows still to come that stand before the stream's beginning
 * Value     as lp_history, with the first blank[0] of the new rows filled with the byte `fill`; blank[0] counts down
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  x, blank and kept do not overlap.
 * Failure   none at run time. blank[0] is 0 or more.
 */
#ifndef LP_HISTORY_BLANK_H
#define LP_HISTORY_BLANK_H

#include "lp_history.h"

void lp_history_blank(const lp_history_t *op, const void *restrict x, int32_t *restrict blank, void *restrict kept);

#endif
