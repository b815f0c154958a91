/* What the files lp_fours_*_s8_dsp.c are made of. */
#ifndef LP_FOURS_PARTS_S8_DSP_H
#define LP_FOURS_PARTS_S8_DSP_H

#include "lp_block_parts_s8_dsp.h"
#include "lp_fours_s8_dsp.h"

/* The whole meaning, in C. */
static inline void lp_fours_in_c(lp_fours_t *at, int is_wide, int away)
{
    const int32_t words = (int32_t)((const int8_t *)at->x_end - (const int8_t *)at->x) / (is_wide ? 8 : 4);
    for (; at->y != at->y_end; at->w += 4 * (words + 2)) {
        for (int32_t o = 0; o < 4; o++) {
            int32_t acc = (int32_t)at->w[o];
            for (int32_t k = 0; k < words; k++) {
                const uint32_t word = at->w[4 * (k + 1) + o];
                uint32_t pair[2];
                if (is_wide) {
                    pair[0] = ((const uint32_t *)at->x)[2 * k];
                    pair[1] = ((const uint32_t *)at->x)[2 * k + 1];
                } else {
                    lp_unpack_one(lp_load4((const int8_t *)at->x + 4 * k), pair, 1);
                }
                acc = lp_smlad(pair[1], lp_sxtb16(word), lp_smlad(pair[0], word, acc));
            }
            *at->y++ = lp_cut(acc, (int32_t)at->w[4 * (words + 1) + o], at->offset, away ? 64 : 0, *at->code++, away);
        }
    }
}

/* h and z of the next word of the input in r8 and r10: loaded, or made. */
#define LP_INPUT_WIDE "ldrd r8, r10, [r11], #8\n"

#define LP_INPUT_NARROW                                                                                               \
    "ldr r10, [r11], #4\n"                                                                                            \
    "sxtb16 r8, r10, ror #8\n"                                                                                        \
    "rev16 r10, r10\n"                                                                                                \
    "eor r10, r10, #0x007f007f\n"

/* A word of weights of four channels: 16 products in 13 instructions beside the input's. */
#define LP_STEP_FOURS(INPUT)                                                                                          \
    INPUT                                                                                                             \
    "ldmia r9!, {r0, r1, r2, r3}\n"                                                                                   \
    "smlad r4, r8, r0, r4\n"                                                                                          \
    "smlad r5, r8, r1, r5\n"                                                                                          \
    "smlad r6, r8, r2, r6\n"                                                                                          \
    "smlad r7, r8, r3, r7\n"                                                                                          \
    "sxtb16 r0, r0\n"                                                                                                 \
    "sxtb16 r1, r1\n"                                                                                                 \
    "sxtb16 r2, r2\n"                                                                                                 \
    "sxtb16 r3, r3\n"                                                                                                 \
    "smlad r4, r10, r0, r4\n"                                                                                         \
    "smlad r5, r10, r1, r5\n"                                                                                         \
    "smlad r6, r10, r2, r6\n"                                                                                         \
    "smlad r7, r10, r3, r7\n"

#define LP_HALF_AWAY "add r0, #64\n"
#define LP_HALF_FLOOR ""

/* One output: code in r12. */
#define LP_OUTPUT(acc, mult, CUT, HALF)                                                                               \
    "ldrb r12, [r11], #1\n"                                                                                           \
    "ldr r0, [lr]\n"                                                                                                  \
    "lsl r0, r0, r12\n"                                                                                               \
    HALF CUT(acc, mult, "r12", "r10")

/* r9 the weights, r11 the input, r12 its end, lr the place. */
#define LP_RUN_FOURS(name, INPUT, CUT, HALF)                                                                          \
    static LP_NAKED void name(LP_UNUSED lp_fours_t *at)                                                               \
    {                                                                                                                 \
        __asm__ volatile(                                                                                             \
                "push {r4-r11, lr}\n"                                                                                 \
                "mov lr, r0\n"                                                                                        \
                "ldr r9, [lr, #20]\n"                                                                                 \
                "1:\n"                                                                                                \
                "ldrd r11, r12, [lr, #12]\n"                                                                          \
                "ldmia r9!, {r4, r5, r6, r7}\n" /* biases */                                                          \
                "ldr r0, [lr, #24]\n"                                                                                 \
                "tbb [pc, r0]\n"                                                                                      \
                "0:\n"                                                                                                \
                ".byte (2f - 0b) / 2, (3f - 0b) / 2, (4f - 0b) / 2, (5f - 0b) / 2\n"                                  \
                "2:\n" LP_STEP_FOURS(INPUT)                                                                           \
                "3:\n" LP_STEP_FOURS(INPUT)                                                                           \
                "4:\n" LP_STEP_FOURS(INPUT)                                                                           \
                "5:\n" LP_STEP_FOURS(INPUT)                                                                           \
                "cmp r11, r12\n"                                                                                      \
                "bne 2b\n"                                                                                            \
                "ldmia r9!, {r1, r2, r3, r8}\n" /* mults */                                                           \
                "ldr r11, [lr, #4]\n"                                                                                 \
                LP_OUTPUT("r4", "r1", CUT, HALF)                                                                      \
                LP_OUTPUT("r5", "r2", CUT, HALF)                                                                      \
                LP_OUTPUT("r6", "r3", CUT, HALF)                                                                      \
                LP_OUTPUT("r7", "r8", CUT, HALF)                                                                      \
                "ldr r0, [lr, #8]\n" /* y */                                                                          \
                "ldr r1, [lr, #28]\n"                                                                                 \
                "strb r4, [r0], #1\n"                                                                                 \
                "strb r5, [r0], #1\n"                                                                                 \
                "strb r6, [r0], #1\n"                                                                                 \
                "strb r7, [r0], #1\n"                                                                                 \
                "strd r11, r0, [lr, #4]\n"                                                                            \
                "cmp r0, r1\n"                                                                                        \
                "bne 1b\n"                                                                                            \
                "str r9, [lr, #20]\n"                                                                                 \
                "pop {r4-r11, pc}\n");                                                                                \
    }

#endif
