/* From trains to lists of the taps that fire, one list a step. They are added up before one could become too long. */
#ifndef LP_SPIKE_LIST_H
#define LP_SPIKE_LIST_H

#include <stdint.h>

#include "lp_dsp_pairs.h"
#include "lp_spike_run.h"

enum {
    LP_SPIKE_STEPS = 8, /* of a train at most */
    LP_SPIKE_LIST = 64, /* taps that a list has room for, */
    LP_SPIKE_ROOM = 60, /* of which so many are used */
    LP_SPIKE_LEAST = 12 /* with less room than this they are added up */
};

/* The lowest bit that is 1. */
LP_SPIKE_INLINE uint32_t lp_spike_first(uint32_t word)
{
#if defined(__GNUC__)
    return (uint32_t)__builtin_ctz(word);
#else
    uint32_t at = 0;
    for (; (word & 1u) == 0; word >>= 1) {
        at++;
    }
    return at;
#endif
}

/* Puts the spikes of up to four trains, whose first meets `tap`, at the ends of the lists. */
LP_SPIKE_INLINE void lp_spike_note(uint32_t word, uint32_t tap, uint16_t **ends)
{
    LP_ROLLED do {
        const uint32_t at = lp_spike_first(word);
        *ends[at & 7u]++ = (uint16_t)(tap + (at >> 3));
        word &= word - 1u;
    } while (word != 0);
}

/* How many more taps the longest list takes. */
static LP_NOINLINE int32_t lp_spike_room(const uint16_t *lists, uint16_t *const *ends, int32_t steps)
{
    int32_t room = LP_SPIKE_ROOM;
    LP_ROLLED for (int32_t t = 0; t < steps; t++, lists += LP_SPIKE_LIST) {
        const int32_t left = LP_SPIKE_ROOM - (int32_t)(ends[t] - lists);
        room = left < room ? left : room;
    }
    return room;
}

/* Adds up the lists, of which that of step t begins at lists + t * LP_SPIKE_LIST and ends at ends[t], and empties them.
 * Behind the end of a list there is room for one more. */
typedef void (*lp_spike_flush_t)(const void *op, uint16_t *lists, uint16_t **ends, void *acc, int32_t is_first);

/* Lists all spikes of some runs, and has them added up; 0 where there are none. `lists` is uint16[steps][LP_SPIKE_LIST]. */
LP_SPIKE_INLINE int32_t lp_spike_collect(const void *op, int32_t steps, const uint8_t *x, const lp_spike_run_t *run,
                                         const lp_spike_run_t *end, uint16_t *lists, void *acc, lp_spike_flush_t flush)
{
    uint16_t *ends[LP_SPIKE_STEPS];
    const uint32_t steps_that_are = 0x01010101u * (((uint32_t)1 << steps) - 1u);
    int32_t room = LP_SPIKE_ROOM;
    int32_t is_first = 1;
    LP_ROLLED for (int32_t t = 0; t < steps; t++) {
        ends[t] = lists + t * LP_SPIKE_LIST;
    }
    for (; run != end; run++) {
        const uint8_t *train = x + run->at;
        int32_t left = run->count;
        while (left > 0) {
            uint32_t word;
            if (left < 4) {
                word = lp_load_few((const int8_t *)train, left);
                left -= 4;
            } else {
                LP_ROLLED do {
                    word = lp_load4((const int8_t *)train);
                    train += 4;
                    left -= 4;
                } while (word == 0 && left >= 4);
            }
            word &= steps_that_are; /* a bit behind the last step has no list */
            if (word == 0) {
                continue;
            }
            if (room < 4) {
                room = lp_spike_room(lists, ends, steps);
                if (room < LP_SPIKE_LEAST) {
                    flush(op, lists, ends, acc, is_first);
                    is_first = 0;
                    room = LP_SPIKE_ROOM;
                }
            }
            room -= 4;
            lp_spike_note(word, (uint32_t)(run->tap + run->count - left - 4), ends);
        }
    }
    if (room != LP_SPIKE_ROOM) {
        flush(op, lists, ends, acc, is_first);
        is_first = 0;
    }
    return is_first == 0;
}

#endif
