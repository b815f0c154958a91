/* lp_fours_s8_dsp_t: outputs of a fully connected layer, four channels at a time; the core of
 * lp_fully_connected_wide_s8_dsp and lp_fully_connected_narrow_s8_dsp.
 *
 * The packing of weights, the sum and the rules of cutting are those of lp_block_s8_dsp.h.
 *
 * Layout    w: for each four channels their biases, their weights, the words of the channels side by side, their mults;
 *           code[4 * fours]; x: `wide` cores take the pairs h and z of each word of the input, [words][2], `narrow` ones
 *           the bytes of the input, [4 * words]
 * Value     y[o] as in lp_block_s8_dsp.h, for 4 * fours outputs
 * Ranges    fours and words 1 or more; as in lp_block_s8_dsp.h, with half = 64 and the rule `away`, or half = 0 and the
 *           rule `floor`
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none.
 */
#ifndef LP_FOURS_S8_DSP_H
#define LP_FOURS_S8_DSP_H

#include <stdint.h>

/* The assembly knows the order. */
typedef struct {
    int32_t offset;      /* #0   2 * y_offset + 1 */
    const uint8_t *code; /* #4   of the next channel */
    int8_t *y;           /* #8 */
    const void *x;       /* #12 */
    const void *x_end;   /* #16 */
    const uint32_t *w;   /* #20  of the next channel */
    int32_t skipped;     /* #24  words of the first round of four that are not there */
    const int8_t *y_end; /* #28 */
} lp_fours_t;

typedef struct {
    /* `at` goes on behind what was read and written. */
    void (*run)(lp_fours_t *at);
} lp_fours_s8_dsp_t;

#endif
