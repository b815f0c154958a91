/* What lp_block_4x1_floor_s8_dsp.c and lp_block_4x1_away_s8_dsp.c share: LP_RUN_4X1(name, CUT) defines the run of
 * blocks of four patches and one channel, 16 products in 12 instructions; `to_code` counts from y. */
#ifndef LP_BLOCK_4X1_S8_DSP_H
#define LP_BLOCK_4X1_S8_DSP_H

#include "lp_block_parts_s8_dsp.h"

/* One word of weights, in r8, with four patches; the accumulators are r4 to r7. */
#define LP_STEP_4X1                                                                                                   \
    "ldr r8, [r9], #4\n"                                                                                              \
    "ldmia r10!, {r0, r1, r2, r3}\n"                                                                                  \
    "smlad r4, r0, r8, r4\n"                                                                                          \
    "smlad r5, r1, r8, r5\n"                                                                                          \
    "smlad r6, r2, r8, r6\n"                                                                                          \
    "smlad r7, r3, r8, r7\n"                                                                                          \
    "ldmia r10!, {r0, r1, r2, r3}\n"                                                                                  \
    "sxtb16 r8, r8\n"                                                                                                 \
    "smlad r4, r0, r8, r4\n"                                                                                          \
    "smlad r5, r1, r8, r5\n"                                                                                          \
    "smlad r6, r2, r8, r6\n"                                                                                          \
    "smlad r7, r3, r8, r7\n"

/* r9 the weights, r10 the patches, r11 their end, r12 the output of patch 0, lr the place. */
#define LP_RUN_4X1(name, CUT)                                                                                         \
    static LP_NAKED void name(LP_UNUSED const lp_place_t *at)                                                         \
    {                                                                                                                 \
        __asm__ volatile(                                                                                             \
                "push {r4-r11, lr}\n"                                                                                 \
                "mov lr, r0\n"                                                                                        \
                "ldr r11, [lr, #16]\n"                                                                                \
                "ldr r9, [lr, #40]\n"                                                                                 \
                "ldr r12, [lr, #36]\n"                                                                                \
                "ldr r10, [lr, #12]\n"                                                                                \
                "1:\n"                                                                                                \
                "ldr r4, [r9], #4\n" /* bias */                                                                       \
                "ldr r0, [lr, #44]\n"                                                                                 \
                "mov r5, r4\n"                                                                                        \
                "mov r6, r4\n"                                                                                        \
                "mov r7, r4\n"                                                                                        \
                "tbb [pc, r0]\n"                                                                                      \
                "0:\n"                                                                                                \
                ".byte (2f - 0b) / 2, (3f - 0b) / 2, (4f - 0b) / 2, (5f - 0b) / 2\n"                                  \
                "2:\n" LP_STEP_4X1                                                                                    \
                "3:\n" LP_STEP_4X1                                                                                    \
                "4:\n" LP_STEP_4X1                                                                                    \
                "5:\n" LP_STEP_4X1                                                                                    \
                "cmp r10, r11\n"                                                                                      \
                "bne 2b\n"                                                                                            \
                "ldmia lr, {r0, r1, r2, r10}\n" /* offset, half, to_code, patches */                                  \
                "ldr r8, [r9], #4\n" /* mult */                                                                       \
                "ldrb r3, [r12, r2]\n"                                                                                \
                "lsl r0, r0, r3\n"                                                                                    \
                "add r0, r1\n"                                                                                        \
                CUT("r4", "r8", "r3", "r1") CUT("r5", "r8", "r3", "r1")                                               \
                CUT("r6", "r8", "r3", "r1") CUT("r7", "r8", "r3", "r1")                                               \
                "ldrd r0, r1, [lr, #20]\n"                                                                            \
                "ldrd r2, r3, [lr, #28]\n"                                                                            \
                "strb r7, [r12, r2]\n"                                                                                \
                "strb r6, [r12, r1]\n"                                                                                \
                "strb r5, [r12, r0]\n"                                                                                \
                "strb r4, [r12], #1\n"                                                                                \
                "cmp r12, r3\n"                                                                                       \
                "bne 1b\n"                                                                                            \
                "pop {r4-r11, pc}\n");                                                                                \
    }

#endif
