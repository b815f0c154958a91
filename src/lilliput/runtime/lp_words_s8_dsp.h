/* Products of a row of int8 with four output channels, their accumulators multiplied by 256; weights packed as
 * lp_patches_s8_dsp.h says.
 *
 * Layout    x[4 * count], w[count][lanes]
 * Value     acc[o] += 256 * sum of x[i] * w[o][i], and a constant that the compiler takes out of the bias; it wraps
 */
#ifndef LP_WORDS_S8_DSP_H
#define LP_WORDS_S8_DSP_H

#include <stdint.h>

#include "lp_dsp.h"

/* acc plus the products of one word of x with `lanes` words of w. */
static inline void lp_word(uint32_t word, const uint32_t *w, int32_t lanes, int32_t *acc)
{
    const uint32_t h = lp_sxtb16_ror8(word);
    const uint32_t z = lp_rev16(word) ^ 0x007f007fu;
    for (int32_t o = 0; o < lanes; o++) {
        acc[o] = lp_smlad(z, lp_sxtb16(w[o]), lp_smlad(h, w[o], acc[o]));
    }
}

#if LP_DSP_NATIVE

/* One word of x with four channels: 16 products in 17 instructions. */
#define LP_STEP                                                                                                       \
    "ldr    %[z], [%[x]], #4\n"                                                                                       \
    "ldmia  %[w]!, {r0, r1, r2, r3}\n"                                                                                \
    "sxtb16 %[h], %[z], ror #8\n"                                                                                     \
    "rev16  %[z], %[z]\n"                                                                                             \
    "eor    %[z], %[z], #0x007f007f\n"                                                                                \
    "smlad  %[a], %[h], r0, %[a]\n"                                                                                   \
    "smlad  %[b], %[h], r1, %[b]\n"                                                                                   \
    "smlad  %[c], %[h], r2, %[c]\n"                                                                                   \
    "smlad  %[d], %[h], r3, %[d]\n"                                                                                   \
    "sxtb16 r0, r0\n"                                                                                                 \
    "sxtb16 r1, r1\n"                                                                                                 \
    "sxtb16 r2, r2\n"                                                                                                 \
    "sxtb16 r3, r3\n"                                                                                                 \
    "smlad  %[a], %[z], r0, %[a]\n"                                                                                   \
    "smlad  %[b], %[z], r1, %[b]\n"                                                                                   \
    "smlad  %[c], %[z], r2, %[c]\n"                                                                                   \
    "smlad  %[d], %[z], r3, %[d]\n"

/* The products of four channels with `count` (1 or more) whole words of x. */
static LP_NOINLINE void lp_words4(const int8_t *x, int32_t count, const uint32_t *w, int32_t *acc)
{
    int32_t a = acc[0];
    int32_t b = acc[1];
    int32_t c = acc[2];
    int32_t d = acc[3];
    uint32_t h;
    uint32_t z;
    __asm__ volatile("lsrs   %[count], %[count], #1  \n" /* an odd word first, */
                     "bcc    2f                      \n"
                     LP_STEP
                     "cmp    %[count], #0            \n"
                     "beq    3f                      \n"
                     "2:                             \n"
                     "lsrs   %[count], %[count], #1  \n" /* then two, then four at a time */
                     "bcc    4f                      \n"
                     LP_STEP
                     LP_STEP
                     "cmp    %[count], #0            \n"
                     "beq    3f                      \n"
                     "4:                             \n"
                     LP_STEP
                     LP_STEP
                     LP_STEP
                     LP_STEP
                     "subs   %[count], #1            \n"
                     "bne    4b                      \n"
                     "3:                             \n"
                     : [x] "+r"(x), [w] "+r"(w), [count] "+r"(count), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c),
                       [d] "+r"(d), [h] "=&r"(h), [z] "=&r"(z)
                     :
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#else

static void lp_words4(const int8_t *x, int32_t count, const uint32_t *w, int32_t *acc)
{
    for (; count > 0; count--, x += 4, w += 4) {
        lp_word(lp_load4(x), w, 4, acc);
    }
}

#endif

#endif
