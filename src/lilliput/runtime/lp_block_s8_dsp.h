/* lp_block_s8_dsp_t: the products of a few patches with all output channels, block by block; the core of the
 * convolutions with the Arm DSP instructions. A block is some patches times some channels, whose accumulators stay in
 * registers: 4x1 is four patches and one channel, 3x2 three patches and two channels.
 *
 * Two multiplications an instruction on int8 weights that are unpacked once a word: a word of four weights
 * w0 w1 w2 w3 is stored so that its halfwords are 256 * w1 + w0 and 256 * w3 + w2, and is used twice, as it is and as
 * the pair (w0, w2). With the input unpacked to the pairs
 *     h = (x1, x3)    z = (256 * x0 - x1 + 127, 256 * x2 - x3 + 127)
 * the sum of h * word + z * (w0, w2) is 256 * (x0 w0 + x1 w1 + x2 w2 + x3 w3) + 127 * (w0 + w2). The compiler takes
 * the last term, which is constant, and the zero point of x out of the bias.
 *
 * The result is cut once. With P the high word of acc * mult, and code = 6 - shift:
 *     floor   y = ssat8((P + half + (2 * y_offset + 1) * 2^code) >> (code + 1))
 *     away    the same less 128 before the shift where acc is negative, so that halves round away from zero
 * `floor` with half = 0 rounds once. With half = 64 both round twice, for shifts below 0; `floor` where what lies below
 * y_offset is clamped away, since only there halves are cut the other way.
 *
 * Layout    w: for each block of channels their biases, their weights packed as above and filled up with zeros, the
 *           words of the channels side by side, their mults; code[channels]; patches[words][2][P]: the h of P patches,
 *           then their z, filled by `unpack`; y[count][y_step], of which the first `channels` are written
 * Value     y[p][o] = clamp(requantise(acc / 256, mult of o, shift of o) + y_offset, y_min, y_max)
 * Ranges    count in [1, P]; channels a multiple of the channels of a block; words 1 or more; no packed halfword leaves
 *           int16 (no w1 or w3 of -128 beside a negative w0 or w2); |acc / 256| < 2^23; code in [0, 21].
 * Memory    scratch 0 bytes; no heap. What lies in the place of patches from `count` on is read and not used.
 * Aliasing  y overlaps neither patches nor constants.
 * Failure   none at run time: the compiler proves the ranges, and chooses other kernels where they do not hold.
 */
#ifndef LP_BLOCK_S8_DSP_H
#define LP_BLOCK_S8_DSP_H

#include <stdint.h>

typedef struct {
    const uint32_t *w;
    const uint8_t *code;
    int32_t words;
    int32_t channels;
    int32_t y_step;
    int32_t y_offset;
    int32_t half;
    int32_t y_min;
    int32_t y_max;
} lp_block_op_t;

typedef struct {
    int32_t patches; /* of a block: P */
    /* Unpack `count` bytes into one patch, zeros behind them up to a whole word; gives where the next byte goes. */
    uint32_t *(*unpack)(const int8_t *from, int32_t count, uint32_t *to);
    /* `patches` points at patch 0; patch p starts at patches + p. */
    void (*run)(const lp_block_op_t *op, const uint32_t *patches, int32_t count, int8_t *y);
} lp_block_s8_dsp_t;

#endif
