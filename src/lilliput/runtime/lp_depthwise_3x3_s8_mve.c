#include "lp_depthwise_3x3_s8_mve.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_mve.h"

/* Where the nine weights of a channel lie in the square, and which of its bytes they fill. */
static const uint8_t lp_square[16] = {0, 1, 2, 0, 3, 4, 5, 0, 6, 7, 8, 0, 0, 0, 0, 0};
#define LP_SQUARE 0x0777u

/* The scratch: a ring of rows [4][columns][4 channels]; where the outputs of each square go, in bytes from the first
 * pixel of y; the squares [columns][4 channels][4 rows]. */
typedef struct {
    int8_t *ring;
    int32_t columns;
    int32_t *places;
    int8_t *squares;
} lp_room_t;

/* A row of the image, `count` pixels of up to four channels, into the ring. */
static LP_NOINLINE void lp_fetch(const int8_t *from, int32_t channels, int32_t lanes, int32_t count, int8_t *to)
{
    if (channels % 4 == 0) {
        const uint32_t step = (uint32_t)channels;
        const lp_u32x4 offsets = lp_voffsets(0u, step, 2u * step, 3u * step);
        for (; count > 0; count -= 4, from += 4 * channels, to += 16) {
            lp_vstore_words_first(to, lp_vgather_words_first(from, offsets, count), count);
        }
        return;
    }
    for (; count > 0; count--, from += channels, to += 4) {
        for (int32_t lane = 0; lane < lanes; lane++) {
            to[lane] = from[lane];
        }
    }
}

/* `count` squares, two columns apart, between four rows of the ring whose first is `top`; their outputs go to `place` and
 * every `step` bytes from there. */
static LP_NOINLINE void lp_cut(const lp_room_t *room, int32_t top, int32_t column, int32_t square, int32_t count,
                               int32_t place, int32_t step)
{
    const int32_t line = 4 * room->columns;
    const int8_t *a = room->ring + (top & 3) * line + 4 * column;
    const int8_t *b = room->ring + ((top + 1) & 3) * line + 4 * column;
    const int8_t *c = room->ring + ((top + 2) & 3) * line + 4 * column;
    const int8_t *d = room->ring + ((top + 3) & 3) * line + 4 * column;
    int32_t *places = room->places + square;
    int8_t *to = room->squares + 64 * square;
    for (; count > 0; count--, a += 8, b += 8, c += 8, d += 8, to += 64, place += step) {
        lp_vstore_interleaved(to, lp_vload_s8(a), lp_vload_s8(b), lp_vload_s8(c), lp_vload_s8(d));
        *places++ = place;
    }
}

/* Two by two outputs of channel c for each square. */
static LP_NOINLINE void lp_quads(const lp_depthwise_3x3_s8_mve_t *op, int32_t c, const int8_t *from,
                                 const int32_t *places, int32_t count, int8_t *y)
{
    const int32_t mult = op->mult[c];
    const int32_t bias = op->bias[c];
    const int32_t shift = op->shift[c];
    const int32_t away = shift < 0 ? -1 : 0;
    const int32_t y_offset = op->y_offset;
    const lp_s8x16 w00 = lp_vgather_s8(op->w + 9 * c, lp_vload_u8(lp_square), (lp_mask)LP_SQUARE);
    const lp_s8x16 w10 = lp_vdown_one(w00);
    const lp_s8x16 w01 = lp_vdown_four(w00);
    const lp_s8x16 w11 = lp_vdown_one(w01);
    const uint32_t right = (uint32_t)op->channels;
    const uint32_t down = (uint32_t)(op->out_w * op->channels);
    const lp_u32x4 words = lp_voffsets(0u, 16u, 32u, 48u);
    const lp_u32x4 four = lp_voffsets(0u, right, down, down + right);
    for (; count > 0; count--, from += 64) {
        const lp_s8x16 v = lp_vgather_words(from, words);
        const int32_t acc00 = lp_vdot_only(v, w00);
        const int32_t acc01 = lp_vdot_only(v, w01);
        const int32_t acc10 = lp_vdot_only(v, w10);
        const int32_t acc11 = lp_vdot_only(v, w11);
        const lp_s32x4 acc = lp_vadd_n(lp_vset(acc00, acc01, acc10, acc11), bias);
        const lp_s32x4 made = lp_vadd_n(lp_vrequantise_down(acc, mult, shift, away), y_offset);
        lp_vscatter(y + *places++, four, lp_vsaturate(made));
    }
}

/* One output of channel c for each square; count is a multiple of four. */
static LP_NOINLINE void lp_singles(const lp_depthwise_3x3_s8_mve_t *op, int32_t c, const int8_t *from,
                                   const int32_t *places, int32_t count, int8_t *y)
{
    const int32_t mult = op->mult[c];
    const int32_t bias = op->bias[c];
    const int32_t shift = op->shift[c];
    const int32_t away = shift < 0 ? -1 : 0;
    const int32_t y_offset = op->y_offset;
    const lp_s8x16 w = lp_vgather_s8(op->w + 9 * c, lp_vload_u8(lp_square), (lp_mask)LP_SQUARE);
    const lp_u32x4 words = lp_voffsets(0u, 16u, 32u, 48u);
    for (; count > 0; count -= 4, from += 256, places += 4) {
        const int32_t acc0 = lp_vdot_only(lp_vgather_words(from, words), w);
        const int32_t acc1 = lp_vdot_only(lp_vgather_words(from + 64, words), w);
        const int32_t acc2 = lp_vdot_only(lp_vgather_words(from + 128, words), w);
        const int32_t acc3 = lp_vdot_only(lp_vgather_words(from + 192, words), w);
        const lp_s32x4 acc = lp_vadd_n(lp_vset(acc0, acc1, acc2, acc3), bias);
        const lp_s32x4 made = lp_vadd_n(lp_vrequantise_down(acc, mult, shift, away), y_offset);
        lp_vscatter(y, lp_vload_offsets(places), lp_vsaturate(made));
    }
}

/* Fills the ring up to before row `end`, counted from the first row of padding on; returns the row that is next. */
static int32_t lp_fill(const lp_depthwise_3x3_s8_mve_t *op, const lp_room_t *room, const int8_t *x, int32_t lanes,
                       int32_t next, int32_t end)
{
    const int32_t count = lp_min_s32(op->in_w, room->columns - op->pad_left);
    for (; next < end; next++) {
        const int32_t row = next - op->pad_top;
        int8_t *line = room->ring + (next & 3) * 4 * room->columns;
        if (row >= 0 && row < op->in_h) {
            lp_fetch(x + row * op->in_w * op->channels, op->channels, lanes, count, line + 4 * op->pad_left);
        } else {
            lp_vfill(line, op->x_zero, 4 * room->columns);
        }
    }
    return next;
}

/* The plane of four channels, or the last ones, from c on. */
static void lp_plane(const lp_depthwise_3x3_s8_mve_t *op, const lp_room_t *room, int32_t c, const int8_t *x, int8_t *y)
{
    const int32_t lanes = lp_min_s32(4, op->channels - c);
    const int32_t quads = op->stride_w == 1;
    const int32_t high = quads != 0 ? 2 : 1; /* output rows of a band */
    const int32_t last = quads != 0 ? op->out_w / 2 : op->out_w;
    int32_t next = 0;
    int32_t oy = 0;
    lp_vfill(room->ring, op->x_zero, 16 * room->columns);
    while (oy < op->out_h) {
        int32_t count = 0;
        for (int32_t band = 0; band < op->bands && oy < op->out_h; band++, oy += high) {
            const int32_t first = lp_min_s32(oy, op->out_h - high);
            const int32_t top = first * op->stride_h;
            const int32_t place = first * op->out_w * op->channels;
            next = lp_fill(op, room, x + c, lanes, next, top + high + 2);
            lp_cut(room, top, 0, count, last, place, high * op->channels);
            count += last;
            if (quads != 0 && op->out_w % 2 != 0) {
                lp_cut(room, top, op->out_w - 2, count, 1, place + (op->out_w - 2) * op->channels, 0);
                count++;
            }
            if (quads == 0 && (band + 1 == op->bands || oy + 1 == op->out_h)) { /* up to fours: the last again */
                const int32_t more = -count & 3;
                for (int32_t i = 0; i < more; i++) {
                    lp_cut(room, top, 2 * (last - 1), count++, 1, place + (last - 1) * op->channels, 0);
                }
            }
        }
        for (int32_t lane = 0; lane < lanes; lane++) {
            if (quads != 0) {
                lp_quads(op, c + lane, room->squares + 4 * lane, room->places, count, y + c + lane);
            } else {
                lp_singles(op, c + lane, room->squares + 4 * lane, room->places, count, y + c + lane);
            }
        }
    }
}

void lp_depthwise_3x3_s8_mve(const lp_depthwise_3x3_s8_mve_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    lp_room_t room;
    room.columns = op->stride_w == 1 ? op->out_w + 2 : 2 * op->out_w + 2;
    room.ring = (int8_t *)scratch;
    room.places = (int32_t *)scratch + 4 * room.columns;
    room.squares = (int8_t *)(room.places + op->squares);
    for (int32_t c = 0; c < op->channels; c += 4) {
        lp_plane(op, &room, c, x, y);
    }
    lp_vclamp_run(y, op->out_h * op->out_w * op->channels, op->y_min, op->y_max);
}
