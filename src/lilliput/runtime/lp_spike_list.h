/* From trains to lists of the taps that fire, one list a step. A list that could become too long is added up first. */
#ifndef LP_SPIKE_LIST_H
#define LP_SPIKE_LIST_H

#include <stdint.h>

#include "lp_spike_run.h"

/* Part of each caller, so that what they hand over is known there. */
#if defined(__GNUC__)
#define LP_SPIKE_INLINE static inline __attribute__((always_inline))
#else
#define LP_SPIKE_INLINE static inline
#endif

enum {
    LP_SPIKE_STEPS = 8, /* of a train at most */
    LP_SPIKE_LIST = 64, /* taps that a list has room for, */
    LP_SPIKE_ROOM = 60  /* of which so many are used before they are added up */
};

/* Four trains from any address, the first in bits 0-7. */
LP_SPIKE_INLINE uint32_t lp_spike_word(const uint8_t *from)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && defined(__GNUC__)
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word);
    return word;
#else
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
#endif
}

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
    do {
        const uint32_t at = lp_spike_first(word);
        *ends[at & 7u]++ = (uint16_t)(tap + (at >> 3));
        word &= word - 1u;
    } while (word != 0);
}

/* Four or fewer trains, zeros behind them; moves on. */
LP_SPIKE_INLINE uint32_t lp_spike_next(const uint8_t **train, const uint8_t *last)
{
    uint32_t word = 0;
    if (last - *train >= 4) {
        word = lp_spike_word(*train);
        *train += 4;
        return word;
    }
    for (int32_t at = 0; *train != last; at += 8) {
        word |= (uint32_t) * (*train)++ << at;
    }
    return word;
}

/* Adds up the lists, of which that of step t begins at lists + t * LP_SPIKE_LIST and ends at ends[t], and empties them.
 * Behind the end of a list there is room for one more. */
typedef void (*lp_spike_flush_t)(const void *op, uint16_t *lists, uint16_t **ends, void *acc, int32_t is_first);

/* Lists all spikes of some runs, and has them added up; 0 where there are none. `lists` is uint16[8][LP_SPIKE_LIST], or
 * fewer for fewer steps. */
LP_SPIKE_INLINE int32_t lp_spike_collect(const void *op, const uint8_t *x, const lp_spike_run_t *run,
                                         const lp_spike_run_t *end, uint16_t *lists, void *acc, lp_spike_flush_t flush)
{
    uint16_t *ends[LP_SPIKE_STEPS];
    int32_t room = LP_SPIKE_ROOM;
    int32_t is_first = 1;
    for (int32_t t = 0; t < LP_SPIKE_STEPS; t++) {
        ends[t] = lists + t * LP_SPIKE_LIST;
    }
    for (; run != end; run++) {
        const uint8_t *train = x + run->at;
        const uint8_t *last = train + run->count;
        for (uint32_t tap = (uint32_t)run->tap; train != last; tap += 4) {
            const uint32_t word = lp_spike_next(&train, last);
            if (word == 0) {
                continue;
            }
            if (room < 4) {
                flush(op, lists, ends, acc, is_first);
                is_first = 0;
                room = LP_SPIKE_ROOM;
            }
            room -= 4;
            lp_spike_note(word, tap, ends);
        }
    }
    if (room != LP_SPIKE_ROOM) {
        flush(op, lists, ends, acc, is_first);
        is_first = 0;
    }
    return is_first == 0;
}

#endif
