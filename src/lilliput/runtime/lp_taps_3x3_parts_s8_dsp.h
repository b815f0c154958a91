/* What the files lp_taps_s*_s8_dsp.c are made of. */
#ifndef LP_TAPS_3X3_PARTS_S8_DSP_H
#define LP_TAPS_3X3_PARTS_S8_DSP_H

#include "lp_block_parts_s8_dsp.h"
#include "lp_taps_3x3_s8_dsp.h"

/* Element `column` of a row of a pair. */
static inline int32_t lp_element(const uint32_t *pair, int32_t row, int32_t column)
{
    const uint32_t word = pair[column / 2 * 2 + row];
    return (int16_t)(uint16_t)(column % 2 == 0 ? word & 0xffffu : word >> 16);
}

/* One output, `column` elements to the right of the pairs and `row` rows below their top. */
static inline int8_t lp_output_3x3(const lp_taps_3x3_t *at, int32_t row, int32_t column, int away)
{
    int32_t acc = at->bias;
    for (int32_t ky = 0; ky < 3; ky++) {
        const uint32_t *pair = row + ky < 2 ? at->upper : at->lower;
        const uint32_t left = at->taps[ky][0];
        for (int32_t kx = 0; kx < 3; kx++) {
            const uint32_t tap = kx == 0 ? left & 0xffffu : (kx == 1 ? left >> 16 : at->taps[ky][1] >> 16);
            acc = lp_smlabb((uint16_t)lp_element(pair, (row + ky) % 2, column + kx), tap, acc);
        }
    }
    const int32_t high = (int32_t)(((int64_t)acc * at->mult) >> 32);
    return (int8_t)lp_ssat8((high + at->round + (away ? (acc >> 31) * 128 : 0)) >> at->code >> 1);
}

/* One run: `rows` rows of outputs. */
static inline void lp_taps_run(lp_taps_3x3_t *at, int32_t rows, int32_t stride, int away)
{
    const int32_t count = (int32_t)(at->last - at->upper) / stride; /* of outputs in a row, an odd one for two */
    const int32_t twos = at->new_step != 0 ? (int32_t)(at->end - at->upper) / stride : 0;
    for (int32_t column = 0; column < count; column += 2) {
        const int32_t step = column < twos ? at->new_step : 0;
        for (int32_t row = at->row == 0 ? 0 : rows - 1; row >= 0; row--) {
            int8_t *y = at->y + column * at->new_step + row * at->row;
            if (step != 0) {
                y[step] = lp_output_3x3(at, row, (column + 1) * stride, away);
            }
            y[0] = lp_output_3x3(at, row, column * stride, away);
        }
    }
}

/* The whole meaning, in C. */
static inline void lp_taps_in_c(lp_taps_3x3_t *at, int32_t rows, int32_t stride, int away)
{
    for (;;) {
        lp_taps_run(at, rows, stride, away);
        if (--at->runs == 0) {
            return;
        }
        at->upper += at->pitch / 4;
        at->lower = at->upper + at->pitch / 4;
        at->end = at->upper + at->twos / 4;
        at->last = at->upper + at->all / 4;
        at->y += at->down;
    }
}

/* The end of a run's loop: on to the last output of an odd row, whose right neighbour is written first, in its place;
 * then on to the next run. */
#define LP_NEXT_TAPS                                                                                                  \
    "ldr r0, [lr, #60]\n"                                                                                             \
    "cmp r10, r0\n"                                                                                                   \
    "bne 1b\n"                                                                                                        \
    "ldr r1, [lr, #64]\n"                                                                                             \
    "cmp r0, r1\n"                                                                                                    \
    "beq 2f\n"                                                                                                        \
    "mov r2, #0\n"                                                                                                    \
    "str r2, [lr, #40]\n"                                                                                             \
    "str r1, [lr, #60]\n"                                                                                             \
    "b 1b\n"                                                                                                          \
    "2:\n"                                                                                                            \
    "ldrd r0, r1, [lr, #68]\n"                                                                                        \
    "subs r0, #1\n"                                                                                                   \
    "beq 3f\n"                                                                                                        \
    "str r0, [lr, #68]\n"                                                                                             \
    "ldr r10, [lr, #48]\n"                                                                                            \
    "ldrd r2, r3, [lr, #76]\n"                                                                                        \
    "add r10, r10, r1\n"                                                                                              \
    "add r11, r10, r1\n"                                                                                              \
    "str r10, [lr, #48]\n"                                                                                            \
    "add r2, r2, r10\n"                                                                                               \
    "add r3, r3, r10\n"                                                                                               \
    "strd r2, r3, [lr, #60]\n"                                                                                        \
    "ldrd r0, r1, [lr, #84]\n"                                                                                        \
    "ldr r12, [lr, #56]\n"                                                                                            \
    "str r0, [lr, #40]\n"                                                                                             \
    "add r12, r12, r1\n"                                                                                              \
    "str r12, [lr, #56]\n"                                                                                            \
    "b 1b\n"                                                                                                          \
    "3:\n"                                                                                                            \
    "pop {r4-r11, pc}\n"

/* One row of taps for two outputs with stride 1: words w0 and w1 of the row, taps in r8 and r9. */
#define LP_TAPS_1(w0, w1, left, right)                                                                                \
    "smlad " left ", " w0 ", r8, " left "\n"                                                                          \
    "smlatb " right ", " w0 ", r8, " right "\n"                                                                       \
    "smlabt " left ", " w1 ", r9, " left "\n"                                                                         \
    "smlad " right ", " w1 ", r9, " right "\n"

/* lr the place, r10 and r11 the pairs of rows, r12 the output. */
#define LP_RUN_TAPS_1(name, CUT)                                                                                      \
    static LP_NAKED void name(LP_UNUSED lp_taps_3x3_t *at)                                                            \
    {                                                                                                                 \
        __asm__ volatile(                                                                                             \
                "push {r4-r11, lr}\n"                                                                                 \
                "mov lr, r0\n"                                                                                        \
                "ldrd r10, r11, [lr, #48]\n"                                                                          \
                "ldr r12, [lr, #56]\n"                                                                                \
                "1:\n"                                                                                                \
                "ldr r4, [lr, #24]\n" /* bias */                                                                      \
                "mov r5, r4\n"                                                                                        \
                "mov r6, r4\n"                                                                                        \
                "mov r7, r4\n"                                                                                        \
                "ldrd r0, r1, [r10]\n" /* rows 0 and 1 */                                                             \
                "ldrd r2, r3, [r10, #8]!\n"                                                                           \
                "ldrd r8, r9, [lr]\n"                                                                                 \
                LP_TAPS_1("r0", "r2", "r4", "r5") LP_TAPS_1("r1", "r3", "r6", "r7")                                   \
                "ldrd r8, r9, [lr, #8]\n"                                                                             \
                LP_TAPS_1("r1", "r3", "r4", "r5")                                                                     \
                "ldrd r0, r1, [r11]\n" /* rows 2 and 3 */                                                             \
                "ldrd r2, r3, [r11, #8]!\n"                                                                           \
                LP_TAPS_1("r0", "r2", "r6", "r7")                                                                     \
                "ldrd r8, r9, [lr, #16]\n"                                                                            \
                LP_TAPS_1("r0", "r2", "r4", "r5") LP_TAPS_1("r1", "r3", "r6", "r7")                                   \
                "ldrd r2, r0, [lr, #28]\n" /* mult, round */                                                          \
                "ldr r1, [lr, #36]\n"      /* code */                                                                 \
                CUT("r4", "r2", "r1", "r3") CUT("r5", "r2", "r1", "r3")                                               \
                CUT("r6", "r2", "r1", "r3") CUT("r7", "r2", "r1", "r3")                                               \
                "ldrd r0, r1, [lr, #40]\n" /* step, row */                                                            \
                "add r2, r12, r1\n"                                                                                   \
                "strb r7, [r2, r0]\n"                                                                                 \
                "strb r6, [r2]\n"                                                                                     \
                "strb r5, [r12, r0]\n"                                                                                \
                "strb r4, [r12]\n"                                                                                    \
                "add r12, r12, r0, lsl #1\n"                                                                          \
                LP_NEXT_TAPS);                                                                                        \
    }

/* One row of taps for two outputs with stride 2: words w0 to w2 of the row. */
#define LP_TAPS_2(w0, w1, w2)                                                                                         \
    "smlad r4, " w0 ", r8, r4\n"                                                                                      \
    "smlad r5, " w1 ", r8, r5\n"                                                                                      \
    "smlabt r4, " w1 ", r9, r4\n"                                                                                     \
    "smlabt r5, " w2 ", r9, r5\n"

#define LP_RUN_TAPS_2(name, CUT)                                                                                      \
    static LP_NAKED void name(LP_UNUSED lp_taps_3x3_t *at)                                                            \
    {                                                                                                                 \
        __asm__ volatile(                                                                                             \
                "push {r4-r11, lr}\n"                                                                                 \
                "mov lr, r0\n"                                                                                        \
                "ldrd r10, r11, [lr, #48]\n"                                                                          \
                "ldr r12, [lr, #56]\n"                                                                                \
                "1:\n"                                                                                                \
                "ldr r4, [lr, #24]\n" /* bias */                                                                      \
                "mov r5, r4\n"                                                                                        \
                "ldrd r0, r1, [r10]\n" /* rows 0 and 1 */                                                             \
                "ldrd r2, r3, [r10, #8]\n"                                                                            \
                "ldrd r6, r7, [r10, #16]!\n"                                                                          \
                "ldrd r8, r9, [lr]\n" LP_TAPS_2("r0", "r2", "r6")                                                     \
                "ldrd r8, r9, [lr, #8]\n" LP_TAPS_2("r1", "r3", "r7")                                                 \
                "ldr r0, [r11]\n" /* row 2 */                                                                         \
                "ldr r2, [r11, #8]\n"                                                                                 \
                "ldr r6, [r11, #16]!\n"                                                                               \
                "ldrd r8, r9, [lr, #16]\n" LP_TAPS_2("r0", "r2", "r6")                                                \
                "ldrd r2, r0, [lr, #28]\n" /* mult, round */                                                          \
                "ldr r1, [lr, #36]\n"      /* code */                                                                 \
                CUT("r4", "r2", "r1", "r3") CUT("r5", "r2", "r1", "r3")                                               \
                "ldr r0, [lr, #40]\n" /* step */                                                                      \
                "strb r5, [r12, r0]\n"                                                                                \
                "strb r4, [r12]\n"                                                                                    \
                "add r12, r12, r0, lsl #1\n"                                                                          \
                LP_NEXT_TAPS);                                                                                        \
    }

#endif
