#include "lp_depthwise_3x3_pairs_s8_dsp.h"

#include "lp_dsp.h"
#include "lp_requantise_x256.h"

/* The upper byte of a word's element 0, and how far that of element 1 is from it. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LP_UPPER 2
#define LP_SECOND (-2)
#else
#define LP_UPPER 1
#define LP_SECOND 2
#endif

/* Codes from here on are those of slow channels. */
#define LP_SLOW 64

/* One channel's plane, and where its rows go. */
typedef struct {
    const int8_t *x;
    int32_t rows;     /* of x, */
    int32_t skip;     /* below this many of padding */
    int32_t step;     /* bytes from a column to the next, */
    int32_t row;      /* and from a row to the next */
    int32_t width;    /* columns that are used, */
    int32_t pad_left; /* behind this many of padding */
    int32_t words;    /* of a padded row */
    uint32_t padding; /* two elements */
} lp_plane_t;

/* The upper byte of element 0 of a word. */
static inline int8_t *lp_upper_byte(uint32_t *word)
{
    return (int8_t *)word + LP_UPPER;
}

/* Columns of one row into every other word of `to`, which holds column `skip` / 2 * 2 of the padded row. */
static LP_NOINLINE void lp_widen(const int8_t *from, int32_t step, int32_t count, int32_t skip, uint32_t *to)
{
    int8_t *byte = lp_upper_byte(to);
    if (skip % 2 != 0) {
        byte[LP_SECOND] = *from;
        from += step;
        byte += 8;
        count--;
    }
    LP_ROLLED
    for (; count >= 2; count -= 2, byte += 8) {
        byte[0] = *from;
        from += step;
        byte[LP_SECOND] = *from;
        from += step;
    }
    if (count > 0) {
        byte[0] = *from;
    }
}

/* The same for `pairs` pairs of rows, one below the other, the columns that are used. */
static LP_NOINLINE void lp_widen_pairs(const lp_plane_t *plane, const int8_t *x, int32_t pairs, uint32_t *to)
{
    const int32_t step = plane->step;
    const int32_t row = plane->row;
    const int32_t odd = plane->pad_left % 2;
    LP_ROLLED
    for (; pairs > 0; pairs--, x += 2 * row, to += 2 * plane->words) {
        const int8_t *from = x;
        int32_t count = plane->width - odd;
        int8_t *byte = lp_upper_byte(to);
        if (odd) {
            byte[LP_SECOND] = from[0];
            byte[4 + LP_SECOND] = from[row];
            from += step;
            byte += 8;
        }
        LP_ROLLED
        for (; count >= 2; count -= 2, byte += 8) {
            byte[0] = from[0];
            byte[4] = from[row];
            from += step;
            byte[LP_SECOND] = from[0];
            byte[4 + LP_SECOND] = from[row];
            from += step;
        }
        if (count > 0) {
            byte[0] = from[0];
            byte[4] = from[row];
        }
    }
}

static LP_NOINLINE void lp_pad(uint32_t padding, int32_t words, uint32_t *to)
{
    LP_ROLLED
    for (; words > 0; words--, to += 2) {
        *to = padding;
    }
}

/* Padded rows `top` and the next into a pair; rows of padding are there already where `is_kept`. */
static void lp_fill_pair(const lp_plane_t *plane, int32_t top, int is_kept, uint32_t *pair)
{
    const int32_t first = top - plane->skip;
    uint32_t *to = pair + plane->pad_left / 2 * 2;
    if (first >= 0 && first + 1 < plane->rows) {
        lp_widen_pairs(plane, plane->x + first * plane->row, 1, to);
        return;
    }
    for (int32_t row = 0; row < 2; row++) {
        if (first + row >= 0 && first + row < plane->rows) {
            lp_widen(plane->x + (first + row) * plane->row, plane->step, plane->width, plane->pad_left, to + row);
        } else if (!is_kept) {
            lp_pad(plane->padding, plane->words, pair + row);
        }
    }
}

static LP_NOINLINE void lp_set_channel(const lp_depthwise_3x3_pairs_s8_dsp_t *op, int32_t c, lp_taps_3x3_t *at)
{
    const uint32_t *w = op->w + 5 * c;
    LP_ROLLED
    for (int32_t ky = 0; ky < 3; ky++) {
        at->taps[ky][0] = lp_sxtb16_ror8(w[ky]);
        at->taps[ky][1] = lp_sxtb16(w[ky]);
    }
    at->bias = (int32_t)w[3];
    at->mult = (int32_t)w[4];
    at->code = op->code[c];
    at->round = at->code < LP_SLOW ? op->half + (2 * op->y_offset + 1) * (int32_t)((uint32_t)1 << at->code) : 0;
}

/* The run of a slow channel: one row of outputs after the other, from elements of 256 * x. */
static LP_NOINLINE void lp_slow_run(const lp_depthwise_3x3_pairs_s8_dsp_t *op, const lp_taps_3x3_t *at, int32_t rows)
{
    const int32_t stride = op->core->stride;
    const int32_t shift = at->code - 128;
    for (int32_t row = 0; row < rows; row++) {
        int8_t *y = at->y + row * at->row;
        for (int32_t ox = 0; ox < op->out_w; ox++, y += op->channels) {
            uint32_t acc = (uint32_t)at->bias; /* less the zero point's part it may wrap on the way */
            for (int32_t tap = 0; tap < 9; tap++) {
                const int32_t line = row + tap / 3;
                const int32_t column = ox * stride + tap % 3;
                const uint32_t *pair = (line < 2 ? at->upper : at->lower) + column / 2 * 2 + line % 2;
                const uint32_t x = column % 2 == 0 ? *pair & 0xffffu : *pair >> 16;
                const uint32_t taps = at->taps[tap / 3][tap % 3 == 2];
                const uint32_t w = tap % 3 == 0 ? taps & 0xffffu : taps >> 16;
                acc += (uint32_t)((int16_t)(uint16_t)x / 256 * (int16_t)(uint16_t)w);
            }
            *y = (int8_t)lp_clamp_s32(lp_requantise((int32_t)acc, at->mult, shift) + op->y_offset, -128, 127);
        }
    }
}

/* `runs` runs from the pairs `upper` and `lower` on, which make `rows` rows of outputs each. */
static void lp_run(const lp_depthwise_3x3_pairs_s8_dsp_t *op, lp_taps_3x3_t *at, int32_t runs, int32_t rows,
                   const uint32_t *upper, const uint32_t *lower)
{
    at->step = at->new_step;
    at->row = rows == 2 ? op->channels * op->out_w : 0;
    at->upper = upper;
    at->lower = lower;
    at->end = upper + at->twos / 4;
    at->last = upper + at->all / 4;
    at->runs = runs;
    if (at->code < LP_SLOW) {
        op->core->run(at);
        at->y += at->down;
        return;
    }
    for (; at->runs > 0; at->runs--, at->y += at->down) {
        lp_slow_run(op, at, rows);
        at->upper = at->lower;
        at->lower += at->pitch / 4;
    }
}

/* One channel, all of whose rows fit. */
static void lp_whole(const lp_depthwise_3x3_pairs_s8_dsp_t *op, const lp_plane_t *plane, lp_taps_3x3_t *at,
                     uint32_t *pairs)
{
    const int32_t together = 3 - op->core->stride; /* rows of outputs of a run */
    const int32_t runs = op->out_h / together;
    uint32_t *pair = pairs;
    for (int32_t i = 0; i < op->pairs; i++, pair += 2 * plane->words) {
        const int32_t first = 2 * i - plane->skip;
        const int32_t inside = lp_min_s32((plane->rows - first) / 2, op->pairs - i);
        if (first >= 0 && inside > 0) {
            lp_widen_pairs(plane, plane->x + first * plane->row, inside, pair + plane->pad_left / 2 * 2);
            i += inside - 1;
            pair += 2 * plane->words * (inside - 1);
        } else {
            lp_fill_pair(plane, 2 * i, 1, pair);
        }
    }
    if (runs > 0) {
        lp_run(op, at, runs, together, pairs, pairs + 2 * plane->words);
    }
    if (op->out_h % together != 0) {
        pair = pairs + 2 * plane->words * runs;
        lp_run(op, at, 1, 1, pair, pair + 2 * plane->words);
    }
}

/* One channel by two pairs of rows. */
static void lp_by_rows(const lp_depthwise_3x3_pairs_s8_dsp_t *op, const lp_plane_t *plane, lp_taps_3x3_t *at,
                       uint32_t *pairs)
{
    const int32_t together = 3 - op->core->stride;
    uint32_t *upper = pairs;
    uint32_t *lower = pairs + 2 * plane->words;
    int32_t top = 2;
    lp_fill_pair(plane, 0, 0, upper);
    for (int32_t left = op->out_h; left > 0; left -= together, top += 2) {
        lp_fill_pair(plane, top, 0, lower);
        lp_run(op, at, 1, lp_min_s32(left, together), upper, lower);
        uint32_t *old = upper;
        upper = lower;
        lower = old;
    }
}

void lp_depthwise_3x3_pairs_s8_dsp(const lp_depthwise_3x3_pairs_s8_dsp_t *op, const int8_t *x, int8_t *y,
                                   void *scratch)
{
    const int32_t stride = op->core->stride;
    const uint32_t zero = (uint8_t)-op->x_offset;
    lp_taps_3x3_t at; /* filled member by member: compilers would clear it with a call first */
    lp_plane_t plane;
    uint32_t *pairs = (uint32_t *)scratch;
    plane.x = x;
    plane.rows = op->in_h;
    plane.skip = op->pad_top;
    plane.step = op->channels / op->multiplier;
    plane.row = plane.step * op->in_w;
    plane.words = (op->out_w + 1) / 2 * stride + 1;
    plane.pad_left = op->pad_left;
    plane.width = lp_min_s32(op->in_w, 2 * plane.words - op->pad_left);
    plane.padding = zero << 8 | zero << 24;
    at.pitch = 8 * plane.words;
    at.all = (op->out_w + 1) / 2 * 8 * stride;
    at.twos = op->out_w == 1 ? at.all : op->out_w / 2 * 8 * stride;
    at.new_step = op->out_w == 1 ? 0 : op->channels;
    at.down = op->channels * op->out_w * (3 - stride);
    for (int32_t i = 0; i < op->pairs; i++) {
        lp_pad(plane.padding, plane.words, pairs + 2 * plane.words * i);
        lp_pad(plane.padding, plane.words, pairs + 2 * plane.words * i + 1);
    }
    const int is_whole = 2 * op->pairs >= (op->out_h - 1) * stride + 3;
    for (int32_t c = 0, m = 0; c < op->channels; c++) {
        lp_set_channel(op, c, &at);
        at.y = y + c;
        if (is_whole) {
            lp_whole(op, &plane, &at, pairs);
        } else {
            lp_by_rows(op, &plane, &at, pairs);
        }
        if (++m == op->multiplier) {
            m = 0;
            plane.x++;
        }
    }
    if (op->y_min > -128 || op->y_max < 127) {
        lp_clamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
    }
}
