/* lp_patches_s8_dsp: the products of all output channels with up to four patches; the core of the convolutions.
 *
 * Two multiplications an instruction on int8 weights that are unpacked once a word: a word of four weights
 * w0 w1 w2 w3 is stored so that its halfwords are 256 * w1 + w0 and 256 * w3 + w2, and is used twice, as it is and as
 * the pair (w0, w2). With the input unpacked to the pairs
 *     h = (x1, x3)    z = (256 * x0 - x1 + 127, 256 * x2 - x3 + 127)
 * the sum of h * word + z * (w0, w2) is 256 * (x0 w0 + x1 w1 + x2 w2 + x3 w3) + 127 * (w0 + w2). The compiler takes
 * the last term, which is constant, and the zero point of x out of the bias.
 *
 * Layout    w[c_out][1 + words + 1]: bias, the weights packed as above and filled up with zeros, mult;
 *           patches[words][2][4]: the h of four patches, then their z, filled by lp_unpack_s8; y[count][c_out]
 * Value     acc     = bias of o + sum of products, 256 times the accumulator of the portable kernel
 *           y[p][o] = clamp(requantise(acc / 256, mult of o, shift[o]) + y_offset, y_min, y_max)
 * Ranges    count in [1, 4]; no packed halfword leaves int16 (no w1 or w3 of -128 beside a negative w0 or w2);
 *           |acc / 256| < 2^23; shift codes as in lp_requantise_x256.h.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps neither patches nor constants.
 * Failure   none at run time: the compiler proves the ranges, and chooses the portable kernel where they do not hold.
 */
#ifndef LP_PATCHES_S8_DSP_H
#define LP_PATCHES_S8_DSP_H

#include <stdint.h>

#include "lp_dsp.h"

typedef struct {
    const uint32_t *w;
    const int8_t *shift;
    int32_t c_out;
    int32_t words;
    int32_t y_offset;
    int32_t y_min;
    int32_t y_max;
} lp_patches_s8_dsp_t;

/* What multiplies up to four patches with all output channels. */
typedef void (*lp_products_t)(const lp_patches_s8_dsp_t *op, const uint32_t *patches, int32_t count, int8_t *y);

/* Words from one patch's word to its next. */
#define LP_PATCH_STEP 8

static inline void lp_unpack_word(uint32_t word, uint32_t *to)
{
    to[0] = lp_sxtb16_ror8(word);
    to[4] = lp_rev16(word) ^ 0x007f007fu; /* 127 - x is x ^ 0x7f as an unsigned byte */
}

/* Unpack `count` bytes into one patch, zeros behind them up to a whole word; gives where the next byte goes. */
uint32_t *lp_unpack_s8(const int8_t *from, int32_t count, uint32_t *to);

/* `patches` points at patch 0; patch p starts at patches + p. */
void lp_patches_s8_dsp(const lp_patches_s8_dsp_t *op, const uint32_t *patches, int32_t count, int8_t *y);

#endif
