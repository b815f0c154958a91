/* lp_patches_s16_dsp: up to four unfolded patches of int16 times all output channels, for the Arm DSP instructions.
 *
 * Layout    Four patches lie interleaved, so that one pass over the weights of a channel serves them all:
 *               patches[quads][4][4]   four values of patch 0, four of patch 1, ...; then the next four of each
 *               w[c_out][quads]        four weights, the bytes in the order 0, 2, 1, 3, so that SXTB16 gives the pair
 *                                      (0, 1) and, of the word turned by 8, the pair (2, 3)
 *           A patch is filled up with zeros to quads * 4 values. y[count][c_out]
 * Value     y[p][o] = clamp(finish(acc, mult[o], code[o]), y_min, y_max), acc = bias[o] + sum patch[p][i] * w[o][i]
 *           finish and the bias as in lp_wide_s16.h, and for a code of 0
 *               y = (acc * mult + 2^31) >> 32
 *           which is a code of c in [16, 32] with mult given times 2^(32 - c): one instruction.
 * Ranges    patches aligned to 4. Where block is quads, the compiler has proved that |acc| < 2^31, and bias_high is
 *           null. Otherwise sums over `block` quads, at most LP_WIDE_RUN / 4, are added up in 64 bits, and no code is 0.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_PATCHES_S16_DSP_H
#define LP_PATCHES_S16_DSP_H

#include <stdint.h>

#include "lp_dsp_s16.h"

/* From four values of a patch to its next four. */
#define LP_PATCH_S16_STEP 16

typedef struct {
    const uint32_t *w;
    const int32_t *bias;
    const int32_t *bias_high;
    const int32_t *mult;
    const int8_t *code;
    int32_t c_out;
    int32_t quads;
    int32_t block;
    int32_t y_min;
    int32_t y_max;
} lp_patches_s16_dsp_t;

/* Puts `count` values behind the first `at` values of a patch; gives at + count. Patch p starts at patches + 4 * p. */
int32_t lp_unfold_s16(const int16_t *restrict from, int32_t count, int16_t *restrict patch, int32_t at);

/* The same with zeros. */
int32_t lp_unfold_zeros_s16(int32_t count, int16_t *patch, int32_t at);

/* `count` patches, 1 to 4. */
void lp_patches_s16_dsp(const lp_patches_s16_dsp_t *op, const int16_t *patches, int32_t count, int16_t *y);

#endif
