#include "lp_patches_s16_dsp.h"

#include "lp_wide_s16.h"

int32_t lp_unfold_s16(const int16_t *restrict from, int32_t count, int16_t *restrict patch, int32_t at)
{
    for (; count > 0 && (at & 3) != 0; count--, at++) {
        patch[(at >> 2) * LP_PATCH_S16_STEP + (at & 3)] = *from++;
    }
    int16_t *to = patch + (at >> 2) * LP_PATCH_S16_STEP;
    at += count;
    LP_ROLLED
    for (; count >= 4; count -= 4, from += 4, to += LP_PATCH_S16_STEP) {
        const uint32_t first = lp_load_pair(from);
        const uint32_t second = lp_load_pair(from + 2);
        lp_store_pair(first, to);
        lp_store_pair(second, to + 2);
    }
    for (; count > 0; count--) {
        *to++ = *from++;
    }
    return at;
}

int32_t lp_unfold_zeros_s16(int32_t count, int16_t *patch, int32_t at)
{
    for (const int32_t end = at + count; at < end; at++) {
        patch[(at >> 2) * LP_PATCH_S16_STEP + (at & 3)] = 0;
    }
    return at;
}

/* acc plus the products of one patch with `quads` words of w. */
static int32_t lp_dot(const uint32_t *w, const int16_t *x, int32_t quads, int32_t acc)
{
    for (; quads > 0; quads--, x += LP_PATCH_S16_STEP) {
        const uint32_t word = *w++;
        acc = lp_smlad(lp_load_pair(x), lp_sxtb16(word), acc);
        acc = lp_smlad(lp_load_pair(x + 2), lp_sxtb16_ror8(word), acc);
    }
    return acc;
}

#if LP_DSP_NATIVE

/* 16 products in 13 instructions. */
#define LP_STEP                                                                                                       \
    "ldr    %[word], [%[w]], #4     \n"                                                                               \
    "ldmia  %[x]!, {r0, r1, r2, r3} \n"                                                                               \
    "sxtb16 %[low], %[word]         \n"                                                                               \
    "sxtb16 %[word], %[word], ror #8\n"                                                                               \
    "smlad  %[a], r0, %[low], %[a]  \n"                                                                               \
    "smlad  %[b], r2, %[low], %[b]  \n"                                                                               \
    "smlad  %[a], r1, %[word], %[a] \n"                                                                               \
    "smlad  %[b], r3, %[word], %[b] \n"                                                                               \
    "ldmia  %[x]!, {r0, r1, r2, r3} \n"                                                                               \
    "smlad  %[c], r0, %[low], %[c]  \n"                                                                               \
    "smlad  %[d], r2, %[low], %[d]  \n"                                                                               \
    "smlad  %[c], r1, %[word], %[c] \n"                                                                               \
    "smlad  %[d], r3, %[word], %[d] \n"

/* acc[p] plus the products of each patch with `quads` (1 or more) words of w. */
static inline void lp_dot4(const uint32_t *w, const int16_t *x, int32_t quads, int32_t *acc)
{
    int32_t a = acc[0];
    int32_t b = acc[1];
    int32_t c = acc[2];
    int32_t d = acc[3];
    const uint32_t *const end = w + quads;
    uint32_t word = (uint32_t)quads; /* one register for both, there are no more */
    uint32_t low;
    __asm__ volatile("lsls   %[word], %[word], #31   \n" /* an odd word first, then two at a time */
                     "beq    2f                      \n"
                     LP_STEP
                     "cmp    %[w], %[end]            \n"
                     "beq    3f                      \n"
                     "2:                             \n"
                     LP_STEP
                     LP_STEP
                     "cmp    %[w], %[end]            \n"
                     "bne    2b                      \n"
                     "3:                             \n"
                     : [w] "+r"(w), [x] "+r"(x), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d),
                       [word] "+r"(word), [low] "=&r"(low)
                     : [end] "r"(end)
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#else

static inline void lp_dot4(const uint32_t *w, const int16_t *x, int32_t quads, int32_t *acc)
{
    for (int32_t p = 0; p < 4; p++) {
        acc[p] = lp_dot(w, x + 4 * p, quads, acc[p]);
    }
}

#endif

/* All channels of four patches, of which `count` are written; sums of 32 bits. */
static LP_NOINLINE void lp_fours(const lp_patches_s16_dsp_t *op, const int16_t *patches, int32_t count, int16_t *y)
{
    const int32_t c_out = op->c_out;
    const int32_t from_zero = op->y_min == 0;
    const uint32_t *w = op->w;
    for (int32_t o = 0; o < c_out; o++, y++, w += op->quads) {
        const int32_t bias = op->bias[o];
        const int32_t mult = op->mult[o];
        const int32_t code = op->code[o];
        int32_t acc[4] = {bias, bias, bias, bias};
        lp_dot4(w, patches, op->quads, acc);
        if (code == 0 && count == 4) { /* the usual ways, without further branches */
            if (from_zero != 0) {
                y[0] = (int16_t)lp_usat15(lp_smmulr(acc[0], mult));
                y[c_out] = (int16_t)lp_usat15(lp_smmulr(acc[1], mult));
                y[2 * c_out] = (int16_t)lp_usat15(lp_smmulr(acc[2], mult));
                y[3 * c_out] = (int16_t)lp_usat15(lp_smmulr(acc[3], mult));
            } else {
                y[0] = (int16_t)lp_ssat16(lp_smmulr(acc[0], mult));
                y[c_out] = (int16_t)lp_ssat16(lp_smmulr(acc[1], mult));
                y[2 * c_out] = (int16_t)lp_ssat16(lp_smmulr(acc[2], mult));
                y[3 * c_out] = (int16_t)lp_ssat16(lp_smmulr(acc[3], mult));
            }
            continue;
        }
        y[0] = lp_short_finish(acc[0], mult, code, from_zero);
        y[c_out] = lp_short_finish(acc[1], mult, code, from_zero);
        y[2 * c_out] = lp_short_finish(acc[2], mult, code, from_zero);
        if (count == 4) {
            y[3 * c_out] = lp_short_finish(acc[3], mult, code, from_zero);
        }
    }
}

/* One patch; sums of 32 bits. */
static LP_NOINLINE void lp_single(const lp_patches_s16_dsp_t *op, const int16_t *patch, int16_t *y)
{
    const uint32_t *w = op->w;
    for (int32_t o = 0; o < op->c_out; o++, w += op->quads) {
        y[o] = lp_short_finish(lp_dot(w, patch, op->quads, op->bias[o]), op->mult[o], op->code[o],
                               op->y_min == 0);
    }
}

/* `count` patches; sums of 64 bits. */
static LP_NOINLINE void lp_in_blocks(const lp_patches_s16_dsp_t *op, const int16_t *patches, int32_t count, int16_t *y)
{
    for (int32_t o = 0; o < op->c_out; o++) {
        const uint32_t *w = op->w + o * op->quads;
        const int64_t bias = lp_wide_bias(op->bias, op->bias_high, o);
        int64_t total[4] = {bias, bias, bias, bias};
        for (int32_t at = 0; at < op->quads; at += op->block) {
            const int32_t quads = lp_min_s32(op->block, op->quads - at);
            int32_t acc[4] = {0, 0, 0, 0};
            lp_dot4(w + at, patches + at * LP_PATCH_S16_STEP, quads, acc);
            for (int32_t p = 0; p < 4; p++) {
                total[p] += acc[p];
            }
        }
        for (int32_t p = 0; p < count; p++) {
            const int32_t value = lp_wide_finish(total[p], op->mult[o], op->code[o]);
            y[p * op->c_out + o] = (int16_t)(op->y_min == 0 ? lp_usat15(value) : lp_ssat16(value));
        }
    }
}

void lp_patches_s16_dsp(const lp_patches_s16_dsp_t *op, const int16_t *patches, int32_t count, int16_t *y)
{
    if (op->block < op->quads) {
        lp_in_blocks(op, patches, count, y);
    } else if (count >= 3) {
        lp_fours(op, patches, count, y);
    } else {
        for (int32_t p = 0; p < count; p++) {
            lp_single(op, patches + 4 * p, y + p * op->c_out);
        }
    }
    lp_clamp_run_s16(y, count * op->c_out, op->y_min, op->y_max);
}
