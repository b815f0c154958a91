/* lp_taps_3x3_s8_dsp_t: outputs of one channel of a depthwise 3x3 convolution, from padded rows that lie in pairs; the
 * core of lp_depthwise_3x3_pairs_s8_dsp.
 *
 * Two rows lie together: two elements of the first, two of the second, the next two of the first, and so on, each
 * element 256 * x in 16 bits. So one load brings both rows, and one instruction multiplies two elements. With stride 1
 * a run makes two rows of outputs from two such pairs, with stride 2 one row from a pair and the first row behind it.
 *
 * Value     acc = bias + sum of element * tap, 256 times the accumulator of the portable kernel;
 *           y = ssat8((high word of acc * mult + round) >> (code + 1)), less 128 before the shift where acc is negative
 *           and the rule is `away` (lp_block_s8_dsp.h explains the rules)
 * Ranges    taps[ky] holds the pairs (w0, w1) and (w1, w2); round = half + (2 * y_offset + 1) * 2^code
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps neither rows nor constants.
 * Failure   none.
 */
#ifndef LP_TAPS_3X3_S8_DSP_H
#define LP_TAPS_3X3_S8_DSP_H

#include <stdint.h>

/* A run. Its first part goes on from row to row; the assembly knows the order. */
typedef struct {
    uint32_t taps[3][2];
    int32_t bias;          /* #24 */
    int32_t mult;          /* #28 */
    int32_t round;         /* #32 */
    int32_t code;          /* #36 */
    int32_t step;          /* #40  bytes of y from an output to its right neighbour; 0 for the last of an odd row */
    int32_t row;           /* #44  and to its lower neighbour; 0 where there is none: then the upper one stays */
    const uint32_t *upper; /* #48  the pair of rows at the top, */
    const uint32_t *lower; /* #52  and the one below */
    int8_t *y;             /* #56 */
    const uint32_t *end;   /* #60  where `upper` ends for the outputs that come in twos, */
    const uint32_t *last;  /* #64  and for all of them, the last of an odd row included */
    int32_t runs;          /* #68  how often: each run takes the pairs below those of the one before */
    int32_t pitch;         /* #72  bytes from one pair of rows to the next */
    int32_t twos;          /* #76  bytes from `upper` to `end` of a new run, */
    int32_t all;           /* #80  and to `last` */
    int32_t new_step;      /* #84  `step` of a new run */
    int32_t down;          /* #88  bytes from the outputs of a run to those of the next */
} lp_taps_3x3_t;

typedef struct {
    int32_t stride;
    void (*run)(lp_taps_3x3_t *at);
} lp_taps_3x3_s8_dsp_t;

#endif
