/* What the files lp_block_*_s8_dsp.c are made of. P, C: patches and channels of a block; `away` as in
 * lp_block_s8_dsp.h. */
#ifndef LP_BLOCK_PARTS_S8_DSP_H
#define LP_BLOCK_PARTS_S8_DSP_H

#include "lp_block_s8_dsp.h"
#include "lp_dsp.h"
#include "lp_fixed_point.h"

/* One word of four bytes. */
static inline void lp_unpack_one(uint32_t word, uint32_t *to, int32_t patches)
{
    to[0] = lp_sxtb16_ror8(word);
    to[patches] = lp_rev16(word) ^ 0x007f007fu; /* 127 - x is x ^ 0x7f as an unsigned byte */
}

static inline uint32_t *lp_unpack_bytes(const int8_t *from, int32_t count, uint32_t *to, int32_t patches)
{
    const int32_t step = 2 * patches;
    LP_ROLLED
    for (; count >= 16; count -= 16, from += 16, to += 4 * step) {
        lp_unpack_one(lp_load4(from), to, patches);
        lp_unpack_one(lp_load4(from + 4), to + step, patches);
        lp_unpack_one(lp_load4(from + 8), to + 2 * step, patches);
        lp_unpack_one(lp_load4(from + 12), to + 3 * step, patches);
    }
    LP_ROLLED
    for (; count >= 4; count -= 4, from += 4, to += step) {
        lp_unpack_one(lp_load4(from), to, patches);
    }
    if (count > 0) {
        lp_unpack_one(lp_load_few(from, count), to, patches);
        to += step;
    }
    return to;
}

/* Where the run of blocks stands, and what it needs between the products. The assembly knows the order. */
typedef struct {
    int32_t offset;          /* #0   2 * y_offset + 1 */
    int32_t half;            /* #4 */
    uintptr_t to_code;       /* #8   from y to the code of the next channel, or from 0 */
    const uint32_t *patches; /* #12 */
    const uint32_t *patches_end; /* #16 */
    int32_t second;          /* #20  from the output of patch 0 to that of patch 1, 2 and 3; */
    int32_t third;           /* #24  of patches that are not there, to that of the last: it is written last */
    int32_t fourth;          /* #28 */
    const int8_t *y_end;     /* #32 */
    int8_t *y;               /* #36  the next output of patch 0 */
    const uint32_t *w;           /* #40 */
    int32_t skipped;             /* #44  steps of the first round of four that are not there */
} lp_place_t;

static inline lp_place_t lp_placed(const lp_block_op_t *op, const uint32_t *patches, int32_t count, int8_t *y,
                                   int32_t per_block)
{
    const int32_t last = count - 1;
    lp_place_t at;
    at.offset = 2 * op->y_offset + 1;
    at.half = op->half;
    at.to_code = (uintptr_t)op->code;
    at.patches = patches;
    at.second = lp_min_s32(1, last) * op->y_step;
    at.third = lp_min_s32(2, last) * op->y_step;
    at.fourth = last * op->y_step;
    at.y = y;
    at.y_end = y + op->channels;
    at.patches_end = patches + op->words * 2 * per_block;
    at.w = op->w;
    at.skipped = -op->words & 3;
    return at;
}

/* One output. */
static inline int8_t lp_cut(int32_t acc, int32_t mult, int32_t offset, int32_t half, int32_t code, int away)
{
    const int32_t high = (int32_t)(((int64_t)acc * mult) >> 32);
    const int32_t round = half + offset * (int32_t)((uint32_t)1 << code);
    const int32_t sign = away ? (acc >> 31) * 128 : 0;
    return (int8_t)lp_ssat8((high + sign + round) >> code >> 1);
}

/* The whole meaning, in C. */
static inline void lp_run_in_c(const lp_block_op_t *op, const uint32_t *patches, int32_t count, int8_t *y,
                               int32_t per_block, int32_t channels, int away)
{
    const uint32_t *w = op->w;
    for (int32_t o = 0; o < op->channels; o += channels, w += (op->words + 2) * channels) {
        for (int32_t c = 0; c < channels; c++) {
            for (int32_t p = 0; p < count; p++) {
                const uint32_t *x = patches + p;
                const uint32_t *word = w + channels + c;
                int32_t acc = (int32_t)w[c];
                for (int32_t k = 0; k < op->words; k++, x += 2 * per_block, word += channels) {
                    acc = lp_smlad(x[0], *word, acc);
                    acc = lp_smlad(x[per_block], lp_sxtb16(*word), acc);
                }
                y[p * op->y_step + o + c] =
                        lp_cut(acc, (int32_t)*word, 2 * op->y_offset + 1, op->half, op->code[o + c], away);
            }
        }
    }
}

/* A clamp narrower than int8. */
static inline void lp_clamp_block(const lp_block_op_t *op, int32_t count, int8_t *y)
{
    if (op->y_min > -128 || op->y_max < 127) {
        for (int32_t p = 0; p < count; p++, y += op->y_step) {
            for (int32_t o = 0; o < op->channels; o++) {
                y[o] = (int8_t)lp_clamp_s32(y[o], op->y_min, op->y_max);
            }
        }
    }
}

/* The cut of one accumulator: offset * 2^code + half in r0, code in r1; r3 is free. -128 masks the sign. */
#define LP_CUT_FLOOR(acc, mult, code, free)                                                                           \
    "smmla  " acc ", " acc ", " mult ", r0\n"                                                                         \
    "asr    " acc ", " code "\n"                                                                                      \
    "ssat   " acc ", #8, " acc ", asr #1\n"

#define LP_CUT_AWAY(acc, mult, code, free)                                                                            \
    "asr    " free ", " acc ", #31\n"                                                                                 \
    "add    " free ", r0, " free ", lsl #7\n"                                                                         \
    "smmla  " acc ", " acc ", " mult ", " free "\n"                                                                   \
    "asr    " acc ", " code "\n"                                                                                      \
    "ssat   " acc ", #8, " acc ", asr #1\n"

/* A function that is assembly from its first to its last instruction. */
#define LP_NAKED __attribute__((naked, noinline))
#define LP_UNUSED __attribute__((unused))

#endif
