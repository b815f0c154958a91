#include "lp_batch_matmul_s8_dsp.h"

#include <stddef.h>

#include "lp_dsp.h"
#include "lp_fixed_point.h"

#define LP_ROWS 4
#define LP_ONES 0x00010001u

/* Up to four elements of one row: (x1, x3) and, four words on, (x0, x2). Gives the sum with theirs. */
static inline int32_t lp_widen_few(const int8_t *from, int32_t step, int32_t count, int32_t offset, uint32_t *to,
                                   int32_t sum)
{
    int32_t x[4] = {0, 0, 0, 0};
    for (int32_t k = 0; k < count; k++) {
        x[k] = from[k * step] + offset;
    }
    to[0] = ((uint32_t)x[1] & 0xffffu) | (uint32_t)x[3] << 16;
    to[LP_ROWS] = ((uint32_t)x[0] & 0xffffu) | (uint32_t)x[2] << 16;
    return sum + x[0] + x[1] + x[2] + x[3];
}

/* One row, zeros behind it up to a whole word; gives its sum. */
static LP_NOINLINE int32_t lp_gather_apart(const int8_t *from, int32_t step, int32_t depth, int32_t offset,
                                           uint32_t *to)
{
    int32_t sum = 0;
    LP_ROLLED
    for (; depth >= 4; depth -= 4, from += 4 * step, to += 2 * LP_ROWS) {
        sum = lp_widen_few(from, step, 4, offset, to, sum);
    }
    return depth > 0 ? lp_widen_few(from, step, depth, offset, to, sum) : sum;
}

/* The same for elements that lie side by side. */
static LP_NOINLINE int32_t lp_gather_beside(const int8_t *from, int32_t depth, int32_t offset, uint32_t *to)
{
    const uint32_t offsets = ((uint32_t)offset & 0xffffu) * LP_ONES;
    int32_t sum = 0;
    LP_ROLLED
    for (; depth >= 4; depth -= 4, from += 4, to += 2 * LP_ROWS) {
        const uint32_t word = lp_load4(from);
        to[0] = lp_sxtab16_ror8(offsets, word);
        to[LP_ROWS] = lp_sxtab16(offsets, word);
        sum = lp_smlad(to[0], LP_ONES, lp_smlad(to[LP_ROWS], LP_ONES, sum));
    }
    return depth > 0 ? lp_widen_few(from, 1, depth, offset, to, sum) : sum;
}

/* Two rows of four neighbours, two elements apart, become a pair for each of the four. */
static inline void lp_pair_up(const int8_t *from, const int8_t *later, uint32_t offsets, uint32_t *to)
{
    const uint32_t even = lp_sxtab16(offsets, lp_load4(from));
    const uint32_t odd = lp_sxtab16_ror8(offsets, lp_load4(from));
    const uint32_t later_even = lp_sxtab16(offsets, lp_load4(later));
    const uint32_t later_odd = lp_sxtab16_ror8(offsets, lp_load4(later));
    to[0] = (even & 0xffffu) | later_even << 16;
    to[1] = (odd & 0xffffu) | later_odd << 16;
    to[2] = even >> 16 | (later_even & 0xffff0000u);
    to[3] = odd >> 16 | (later_odd & 0xffff0000u);
}

/* Four rows whose elements lie side by side. */
static LP_NOINLINE void lp_gather_across(const int8_t *from, int32_t step, int32_t depth, int32_t offset, uint32_t *to,
                                         int32_t *sums)
{
    const uint32_t offsets = ((uint32_t)offset & 0xffffu) * LP_ONES;
    int32_t a = 0;
    int32_t b = 0;
    int32_t c = 0;
    int32_t d = 0;
    LP_ROLLED
    for (; depth >= 4; depth -= 4, from += 4 * step, to += 2 * LP_ROWS) {
        lp_pair_up(from + step, from + 3 * step, offsets, to);
        lp_pair_up(from, from + 2 * step, offsets, to + LP_ROWS);
        a = lp_smlad(to[0], LP_ONES, lp_smlad(to[4], LP_ONES, a));
        b = lp_smlad(to[1], LP_ONES, lp_smlad(to[5], LP_ONES, b));
        c = lp_smlad(to[2], LP_ONES, lp_smlad(to[6], LP_ONES, c));
        d = lp_smlad(to[3], LP_ONES, lp_smlad(to[7], LP_ONES, d));
    }
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
    for (int32_t i = 0; i < LP_ROWS && depth > 0; i++) {
        sums[i] = lp_widen_few(from + i, step, depth, offset, to + i, sums[i]);
    }
}

/* acc[i] plus the products of one word with row i. */
static inline void lp_word_by_rows(const uint32_t *rows, uint32_t word, int32_t *acc)
{
    const uint32_t odd = lp_sxtb16_ror8(word);
    const uint32_t even = lp_sxtb16(word);
    for (int32_t i = 0; i < LP_ROWS; i++) {
        acc[i] = lp_smlad(rows[LP_ROWS + i], even, lp_smlad(rows[i], odd, acc[i]));
    }
}

#if LP_DSP_NATIVE

#define LP_STEP                                                                                                       \
    "ldr    %[z], [%[w]], #4\n"                                                                                       \
    "ldmia  %[rows]!, {r0, r1, r2, r3}\n"                                                                             \
    "sxtb16 %[h], %[z], ror #8\n"                                                                                     \
    "smlad  %[a], r0, %[h], %[a]\n"                                                                                   \
    "smlad  %[b], r1, %[h], %[b]\n"                                                                                   \
    "smlad  %[c], r2, %[h], %[c]\n"                                                                                   \
    "smlad  %[d], r3, %[h], %[d]\n"                                                                                   \
    "ldmia  %[rows]!, {r0, r1, r2, r3}\n"                                                                             \
    "sxtb16 %[z], %[z]\n"                                                                                             \
    "smlad  %[a], r0, %[z], %[a]\n"                                                                                   \
    "smlad  %[b], r1, %[z], %[b]\n"                                                                                   \
    "smlad  %[c], r2, %[z], %[c]\n"                                                                                   \
    "smlad  %[d], r3, %[z], %[d]\n"

/* It takes all registers but one. GCC finds them only in a function of their own. */
#if defined(__clang__)
#define LP_APART inline
#else
#define LP_APART LP_NOINLINE
#endif

/* `count` (1 or more) whole words of w with four rows. */
static LP_APART void lp_words_by_rows(const uint32_t *rows, const int8_t *w, int32_t count, int32_t *acc)
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
                     : [rows] "+r"(rows), [w] "+r"(w), [count] "+r"(count), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c),
                       [d] "+r"(d), [h] "=&r"(h), [z] "=&r"(z)
                     :
                     : "r0", "r1", "r2", "r3", "cc", "memory");
    acc[0] = a;
    acc[1] = b;
    acc[2] = c;
    acc[3] = d;
}

#else

static inline void lp_words_by_rows(const uint32_t *rows, const int8_t *w, int32_t count, int32_t *acc)
{
    for (; count > 0; count--, rows += 2 * LP_ROWS, w += 4) {
        lp_word_by_rows(rows, lp_load4(w), acc);
    }
}

#endif

/* What the products of one block of gathered rows with all streamed ones need. */
typedef struct {
    const uint32_t *rows;
    int32_t start[LP_ROWS]; /* of the sums: those of the rows, times the zero point of what they meet */
    int32_t words;
    int32_t rest;
    int32_t w_row;
    int32_t y_row;
    int32_t to[LP_ROWS]; /* from the output of row 0 to that of each; rows that are not there go where the last goes */
    int32_t mult;
    int32_t left; /* one more than the shift to the left: the product is doubled */
    int32_t right;
    int32_t half;
    int32_t away;
    int32_t y_offset;
} lp_matmul_block_t;

/* As lp_requantise_small: the upper word of the doubled product, rounded, is its first step. The second may take the
 * sign of acc for that of the first, which is 0 where they differ. */
static inline int8_t lp_cut(const lp_matmul_block_t *at, int32_t acc)
{
    const int32_t shifted = (int32_t)((uint32_t)acc << at->left);
    const int32_t t = (int32_t)(((int64_t)shifted * at->mult + ((int64_t)1 << 31)) >> 32);
    const int32_t round = at->half + ((acc >> 31) & at->away);
    return (int8_t)lp_ssat8(((t + round) >> at->right) + at->y_offset);
}

static LP_NOINLINE void lp_by_block(const lp_matmul_block_t *at, const int8_t *w, int32_t count, int8_t *restrict y)
{
    for (; count > 0; count--, w += at->w_row, y += at->y_row) {
        int32_t acc[LP_ROWS] = {at->start[0], at->start[1], at->start[2], at->start[3]};
        if (at->words > 0) {
            lp_words_by_rows(at->rows, w, at->words, acc);
        }
        if (at->rest > 0) {
            const uint32_t word = lp_load_few(w + 4 * at->words, at->rest);
            lp_word_by_rows(at->rows + 2 * LP_ROWS * at->words, word, acc);
        }
        y[0] = lp_cut(at, acc[0]);
        y[at->to[1]] = lp_cut(at, acc[1]);
        y[at->to[2]] = lp_cut(at, acc[2]);
        y[at->to[3]] = lp_cut(at, acc[3]);
    }
}

/* Gathers up to four rows; the last again for those that are not there. */
static void lp_gather(const lp_batch_matmul_s8_dsp_t *op, const int8_t *from, int32_t last, uint32_t *rows,
                      lp_matmul_block_t *at)
{
    if (last == LP_ROWS - 1 && op->p_row == 1) {
        lp_gather_across(from, op->p_depth, op->depth, op->p_offset, rows, at->start);
    } else {
        for (int32_t i = 0; i < LP_ROWS; i++) {
            const int8_t *row = from + lp_min_s32(i, last) * op->p_row;
            at->start[i] = op->p_depth == 1 ? lp_gather_beside(row, op->depth, op->p_offset, rows + i)
                                            : lp_gather_apart(row, op->p_depth, op->depth, op->p_offset, rows + i);
        }
    }
    for (int32_t i = 0; i < LP_ROWS; i++) {
        at->start[i] *= op->w_offset;
        at->to[i] = lp_min_s32(i, last) * op->y_p;
    }
}

void lp_batch_matmul_s8_dsp(const lp_batch_matmul_s8_dsp_t *op, const int8_t *p, const int8_t *w, int8_t *restrict y,
                            void *restrict scratch)
{
    uint32_t *rows = (uint32_t *)scratch;
    const int32_t right = lp_max_s32(-op->shift, 0);
    lp_matmul_block_t at = {
        .rows = rows,
        .words = op->depth >> 2,
        .rest = op->depth & 3,
        .w_row = op->w_row,
        .y_row = op->y_w,
        .mult = op->mult,
        .left = 1 + lp_max_s32(op->shift, 0),
        .right = right,
        .half = (int32_t)(((uint32_t)1 << right) >> 1),
        .away = right > 0 ? -1 : 0,
        .y_offset = op->y_offset,
    };
    p = op->p != NULL ? op->p : p;
    w = op->w != NULL ? op->w : w;
    for (int32_t n = 0; n < op->batch; n++, y += op->p_rows * op->w_rows) {
        const int8_t *from = p + op->p_start[n];
        for (int32_t first = 0; first < op->p_rows; first += LP_ROWS, from += LP_ROWS * op->p_row) {
            lp_gather(op, from, lp_min_s32(op->p_rows - first, LP_ROWS) - 1, rows, &at);
            lp_by_block(&at, w + op->w_start[n], op->w_rows, y + first * op->y_p);
        }
    }
}
