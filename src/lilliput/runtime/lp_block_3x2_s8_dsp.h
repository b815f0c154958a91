/* What lp_block_3x2_floor_s8_dsp.c and lp_block_3x2_away_s8_dsp.c share: LP_RUN_3X2(name, CUT) defines the run of
 * blocks of three patches and two channels, 24 products in 17 instructions; `to_code` counts from 0. */
#ifndef LP_BLOCK_3X2_S8_DSP_H
#define LP_BLOCK_3X2_S8_DSP_H

#include "lp_block_parts_s8_dsp.h"

/* A word of weights of each channel, in r3 and r10, with three patches; accumulators r4 to r6 and r7 to r9. */
#define LP_STEP_3X2                                                                                                   \
    "ldmia r11!, {r3, r10}\n"                                                                                         \
    "ldmia r12!, {r0, r1, r2}\n"                                                                                      \
    "smlad r4, r0, r3, r4\n"                                                                                          \
    "smlad r5, r1, r3, r5\n"                                                                                          \
    "smlad r6, r2, r3, r6\n"                                                                                          \
    "smlad r7, r0, r10, r7\n"                                                                                         \
    "smlad r8, r1, r10, r8\n"                                                                                         \
    "smlad r9, r2, r10, r9\n"                                                                                         \
    "ldmia r12!, {r0, r1, r2}\n"                                                                                      \
    "sxtb16 r3, r3\n"                                                                                                 \
    "sxtb16 r10, r10\n"                                                                                               \
    "smlad r4, r0, r3, r4\n"                                                                                          \
    "smlad r5, r1, r3, r5\n"                                                                                          \
    "smlad r6, r2, r3, r6\n"                                                                                          \
    "smlad r7, r0, r10, r7\n"                                                                                         \
    "smlad r8, r1, r10, r8\n"                                                                                         \
    "smlad r9, r2, r10, r9\n"

/* r11 the weights, r12 the patches, lr their end, [sp] the place. */
#define LP_RUN_3X2(name, CUT)                                                                                         \
    static LP_NAKED void name(LP_UNUSED const lp_place_t *at)                                                         \
    {                                                                                                                 \
        __asm__ volatile(                                                                                             \
                "push {r4-r11, lr}\n"                                                                                 \
                "push {r0, r1}\n"                                                                                     \
                "ldr r11, [r0, #40]\n"                                                                                \
                "ldrd r12, lr, [r0, #12]\n"                                                                           \
                "1:\n"                                                                                                \
                "ldr r0, [sp]\n"                                                                                      \
                "ldmia r11!, {r4, r7}\n" /* biases */                                                                 \
                "ldr r0, [r0, #44]\n"                                                                                 \
                "mov r5, r4\n"                                                                                        \
                "mov r6, r4\n"                                                                                        \
                "mov r8, r7\n"                                                                                        \
                "mov r9, r7\n"                                                                                        \
                "tbb [pc, r0]\n"                                                                                      \
                "0:\n"                                                                                                \
                ".byte (2f - 0b) / 2, (3f - 0b) / 2, (4f - 0b) / 2, (5f - 0b) / 2\n"                                  \
                "2:\n" LP_STEP_3X2                                                                                    \
                "3:\n" LP_STEP_3X2                                                                                    \
                "4:\n" LP_STEP_3X2                                                                                    \
                "5:\n" LP_STEP_3X2                                                                                    \
                "cmp r12, lr\n"                                                                                       \
                "bne 2b\n"                                                                                            \
                "ldr r12, [sp]\n"                                                                                     \
                "ldmia r11!, {r3, r10}\n" /* mults */                                                                 \
                "ldmia r12, {r0, r1, r2}\n" /* offset, half, to_code */                                               \
                "ldrb lr, [r2], #1\n"                                                                                 \
                "lsl r0, r0, lr\n"                                                                                    \
                "add r0, r1\n"                                                                                        \
                CUT("r4", "r3", "lr", "r1") CUT("r5", "r3", "lr", "r1") CUT("r6", "r3", "lr", "r1")                   \
                "ldrd r0, r1, [r12]\n"                                                                                \
                "ldrb lr, [r2], #1\n"                                                                                 \
                "str r2, [r12, #8]\n"                                                                                 \
                "lsl r0, r0, lr\n"                                                                                    \
                "add r0, r1\n"                                                                                        \
                CUT("r7", "r10", "lr", "r1") CUT("r8", "r10", "lr", "r1") CUT("r9", "r10", "lr", "r1")                \
                "ldrd r1, r2, [r12, #20]\n" /* second, third */                                                       \
                "ldrd r3, r0, [r12, #32]\n" /* y_end, y */                                                            \
                "strb r6, [r0, r2]\n"                                                                                 \
                "strb r5, [r0, r1]\n"                                                                                 \
                "strb r4, [r0], #1\n"                                                                                 \
                "strb r9, [r0, r2]\n"                                                                                 \
                "strb r8, [r0, r1]\n"                                                                                 \
                "strb r7, [r0], #1\n"                                                                                 \
                "str r0, [r12, #36]\n"                                                                                \
                "cmp r0, r3\n"                                                                                        \
                "ldrd r12, lr, [r12, #12]\n"                                                                          \
                "bne 1b\n"                                                                                            \
                "add sp, #8\n"                                                                                        \
                "pop {r4-r11, pc}\n");                                                                                \
    }

#endif
