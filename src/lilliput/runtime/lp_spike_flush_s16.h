/* How lists of taps are added to sums of 16 bits. */
#ifndef LP_SPIKE_FLUSH_S16_H
#define LP_SPIKE_FLUSH_S16_H

#include <string.h>

#include "lp_spike_list.h"
#include "lp_spiking_s16.h"

/* Gives the sums `from` with the rows of some taps added to them; what lies at `end` may be written. */
typedef void (*lp_add_rows_s16_f)(const lp_spiking_s16_t *op, uint16_t *tap, uint16_t *end, const int16_t *from,
                                  int16_t *acc);

/* Adds up all lists, and empties them; the first time, sums begin with the bias. */
LP_SPIKE_INLINE void lp_spike_flush_s16(const lp_spiking_s16_t *op, uint16_t *lists, uint16_t **ends, int16_t *acc,
                                        int32_t is_first, lp_add_rows_s16_f add_rows)
{
    LP_ROLLED for (int32_t t = 0; t < op->fire.steps; t++, acc += op->pad, lists += LP_SPIKE_LIST) {
        if (ends[t] != lists) {
            add_rows(op, lists, ends[t], is_first != 0 ? op->bias : acc, acc);
            ends[t] = lists;
        } else if (is_first != 0) {
            (void)memcpy(acc, op->bias, (size_t)op->pad * sizeof *acc);
        }
    }
}

#endif
