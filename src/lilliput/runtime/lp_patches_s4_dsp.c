#include "lp_patches_s4_dsp.h"

#include "lp_requantise_x256.h"

#define LP_MASK 0x0f0f0f0fu

/* acc plus the products of one patch with `pairs` words of eight weights. */
static inline int32_t lp_dot(const uint32_t *w, const uint32_t *x, int32_t pairs, int32_t acc)
{
    for (int32_t k = 0; k < pairs; k++, x += 2 * LP_PATCH_STEP) {
        const uint32_t first = w[k] & LP_MASK;
        const uint32_t second = w[k] >> 4 & LP_MASK;
        acc = lp_smlad(x[0], first, acc);
        acc = lp_smlad(x[4], lp_sxtb16(first), acc);
        acc = lp_smlad(x[LP_PATCH_STEP], second, acc);
        acc = lp_smlad(x[LP_PATCH_STEP + 4], lp_sxtb16(second), acc);
    }
    return acc;
}

/* What to take off the products of one patch: 8 times those with weights of 1. */
static inline int32_t lp_of_eights(const uint32_t *x, int32_t pairs)
{
    int32_t acc = 0;
    for (int32_t k = 0; k < 2 * pairs; k++, x += LP_PATCH_STEP) {
        acc = lp_smlad(x[0], 0x01010101u, acc);
        acc = lp_smlad(x[4], 0x00010001u, acc);
    }
    return (int32_t)(0u - 8u * (uint32_t)acc);
}

/* One output of one channel, whose row of constants starts at w. */
static inline int32_t lp_one(const lp_patches_s8_dsp_t *op, const uint32_t *w, const uint32_t *x, int32_t start,
                             int32_t code)
{
    const int32_t pairs = (op->words + 1) / 2;
    const int32_t acc = lp_dot(w + 1, x, pairs, (int32_t)(w[0] + (uint32_t)start));
    const int32_t mult = (int32_t)w[pairs + 1];
    return code > 0 ? lp_requantise_x256(acc, mult, lp_round_x256(op->y_offset, code), code)
                    : lp_requantise_x256_long(acc, mult, op->y_offset, code);
}

/* Where lp_fours stands, and what it needs between the products. The assembly below knows the order. */
typedef struct {
    const uint32_t *patches;
    int32_t row_bytes;
    const int8_t *shift; /* of the next channel */
    int32_t offset;
    int8_t *y; /* the next output of patch 0 */
    int32_t c_out;
    int32_t last; /* from an output of patch 0 to that of patch 3, or of patch 2 where there are three */
    const int8_t *y_end;
    const uint32_t *w; /* of the next channel */
    int32_t start[4];  /* of each patch: what the 8s add, taken off */
} lp_place_t;

#if LP_DSP_NATIVE

/* 32 products in 27 instructions. The word of weights is loaded twice: no register is free to keep it. */
#define LP_STEP                                                                                                       \
    "ldr %[word], [%[w]]\n"                                                                                           \
    "ldmia %[x]!, {r0, r1, r2, r3}\n"                                                                                 \
    "and %[word], %[word], #0x0f0f0f0f\n"                                                                             \
    "smlad %[a], r0, %[word], %[a]\n"                                                                                 \
    "smlad %[b], r1, %[word], %[b]\n"                                                                                 \
    "smlad %[c], r2, %[word], %[c]\n"                                                                                 \
    "smlad %[d], r3, %[word], %[d]\n"                                                                                 \
    "ldmia %[x]!, {r0, r1, r2, r3}\n"                                                                                 \
    "sxtb16 %[word], %[word]\n"                                                                                       \
    "smlad %[a], r0, %[word], %[a]\n"                                                                                 \
    "smlad %[b], r1, %[word], %[b]\n"                                                                                 \
    "smlad %[c], r2, %[word], %[c]\n"                                                                                 \
    "smlad %[d], r3, %[word], %[d]\n"                                                                                 \
    "ldr %[word], [%[w]], #4\n"                                                                                       \
    "ldmia %[x]!, {r0, r1, r2, r3}\n"                                                                                 \
    "lsr %[word], %[word], #4\n"                                                                                      \
    "and %[word], %[word], #0x0f0f0f0f\n"                                                                             \
    "smlad %[a], r0, %[word], %[a]\n"                                                                                 \
    "smlad %[b], r1, %[word], %[b]\n"                                                                                 \
    "smlad %[c], r2, %[word], %[c]\n"                                                                                 \
    "smlad %[d], r3, %[word], %[d]\n"                                                                                 \
    "ldmia %[x]!, {r0, r1, r2, r3}\n"                                                                                 \
    "sxtb16 %[word], %[word]\n"                                                                                       \
    "smlad %[a], r0, %[word], %[a]\n"                                                                                 \
    "smlad %[b], r1, %[word], %[b]\n"                                                                                 \
    "smlad %[c], r2, %[word], %[c]\n"                                                                                 \
    "smlad %[d], r3, %[word], %[d]\n"

/* lp_requantise_x256 of one accumulator: round in r0, code - 1 in r1, mult in word; -128 in r2 masks the sign. */
#define LP_FINISH(acc)                                                                                                \
    "and    r3, r2, " acc ", asr #24    \n"                                                                           \
    "smmla  " acc ", " acc ", %[word], r3 \n"                                                                         \
    "add    " acc ", r0                 \n"                                                                           \
    "asr    " acc ", r1                 \n"                                                                           \
    "ssat   " acc ", #8, " acc ", asr #1 \n"

/* Four outputs a channel, for all channels from `at` on, or up to the first with a code of 0 or below. Channel by
 * channel in one piece, since compilers spill most of what they hold around the products. The output of patch 3 goes
 * to y[last] before that of patch 2 goes to y[2 * c_out], so that with three patches it leaves nothing behind. */
static inline void lp_run_of_fours(const lp_patches_s8_dsp_t *op, lp_place_t *at)
{
    const uint32_t *w = at->w;
    int32_t a;
    int32_t b;
    int32_t c;
    int32_t d;
    uint32_t word;
    const uint32_t *x;
    const uint32_t *end;
    __asm__ volatile(
            "1:                             \n"
            "ldr    %[a], [%[w]], #4        \n" /* bias */
            "ldrd   %[x], %[end], [%[at]]   \n" /* patches, row_bytes */
            "ldrd   r0, r1, [%[at], #36]    \n" /* start */
            "ldrd   r2, r3, [%[at], #44]    \n"
            "add    %[b], %[a], r1          \n"
            "add    %[c], %[a], r2          \n"
            "add    %[d], %[a], r3          \n"
            "add    %[a], %[a], r0          \n"
            "lsls   %[word], %[end], #29    \n" /* two words at a time; an odd number begins with the second */
            "add    %[end], %[w], %[end]    \n"
            "bne    3f                      \n"
            "2:                             \n"
            LP_STEP
            "3:                             \n"
            LP_STEP
            "cmp    %[w], %[end]            \n"
            "bne    2b                      \n"
            "ldrd   %[x], r0, [%[at], #8]   \n" /* shift, offset */
            "ldr    %[word], [%[w]], #4     \n" /* mult */
            "ldrsb  r1, [%[x]], #1          \n"
            "str    %[x], [%[at], #8]       \n"
            "subs   r1, #1                  \n"
            "blt    4f                      \n"
            "lsl    r0, r0, r1              \n"
            "mvn    r2, #127                \n"
            "add    r0, #64                 \n"
            LP_FINISH("%[a]")
            LP_FINISH("%[b]")
            LP_FINISH("%[c]")
            LP_FINISH("%[d]")
            "ldrd   r0, r1, [%[at], #16]    \n" /* y, c_out */
            "ldrd   r2, r3, [%[at], #24]    \n" /* last, y_end */
            "strb   %[d], [r0, r2]          \n"
            "strb   %[c], [r0, r1, lsl #1]  \n"
            "strb   %[b], [r0, r1]          \n"
            "strb   %[a], [r0], #1          \n"
            "str    r0, [%[at], #16]        \n"
            "cmp    r0, r3                  \n"
            "bne    1b                      \n"
            "b      5f                      \n"
            "4:                             \n" /* back to the start of this channel */
            "sub    %[x], %[x], #1          \n"
            "str    %[x], [%[at], #8]       \n"
            "5:                             \n"
            : [w] "+&r"(w), [a] "=&r"(a), [b] "=&r"(b), [c] "=&r"(c), [d] "=&r"(d), [word] "=&r"(word), [x] "=&r"(x),
              [end] "=&r"(end)
            : [at] "r"(at)
            : "r0", "r1", "r2", "r3", "cc", "memory");
    at->w = at->y == at->y_end ? w : w - ((op->words + 1) / 2 + 2);
}

#else

static inline void lp_run_of_fours(const lp_patches_s8_dsp_t *op, lp_place_t *at)
{
    for (; at->y != at->y_end && *at->shift > 0; at->y++, at->shift++, at->w += (op->words + 1) / 2 + 2) {
        at->y[at->last] = (int8_t)lp_one(op, at->w, at->patches + 3, at->start[3], *at->shift);
        at->y[2 * at->c_out] = (int8_t)lp_one(op, at->w, at->patches + 2, at->start[2], *at->shift);
        at->y[at->c_out] = (int8_t)lp_one(op, at->w, at->patches + 1, at->start[1], *at->shift);
        at->y[0] = (int8_t)lp_one(op, at->w, at->patches, at->start[0], *at->shift);
    }
}

#endif

/* Three or four patches. */
static void lp_fours(const lp_patches_s8_dsp_t *op, const uint32_t *patches, int32_t count, int8_t *y)
{
    lp_place_t at = {
        .patches = patches,
        .row_bytes = (op->words + 1) / 2 * 4,
        .shift = op->shift,
        .offset = 2 * op->y_offset + 1,
        .y = y,
        .c_out = op->c_out,
        .last = (count - 1) * op->c_out,
        .y_end = y + op->c_out,
        .w = op->w,
    };
    for (int32_t p = 0; p < count; p++) {
        at.start[p] = lp_of_eights(patches + p, (op->words + 1) / 2);
    }
    for (;;) {
        lp_run_of_fours(op, &at);
        if (at.y == at.y_end) {
            return;
        }
        for (int32_t p = 0; p < count; p++) { /* one channel the long way */
            at.y[p * at.c_out] = (int8_t)lp_one(op, at.w, patches + p, at.start[p], *at.shift);
        }
        at.y++;
        at.shift++;
        at.w += (op->words + 1) / 2 + 2;
        if (at.y == at.y_end) {
            return;
        }
    }
}

void lp_patches_s4_dsp(const lp_patches_s8_dsp_t *op, const uint32_t *patches, int32_t count, int8_t *y)
{
    if (count >= 3) {
        lp_fours(op, patches, count, y);
    } else {
        for (int32_t p = 0; p < count; p++) {
            const int32_t pairs = (op->words + 1) / 2;
            const int32_t start = lp_of_eights(patches + p, pairs);
            const uint32_t *w = op->w;
            for (int32_t o = 0; o < op->c_out; o++, w += pairs + 2) {
                y[p * op->c_out + o] = (int8_t)lp_one(op, w, patches + p, start, op->shift[o]);
            }
        }
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, count * op->c_out, op->y_min, op->y_max);
    }
}
