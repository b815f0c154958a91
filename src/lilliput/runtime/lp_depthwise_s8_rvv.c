#include "lp_depthwise_s8_rvv.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_rvv.h"

/* The channels that are worked on together, and the ring of their rows: [rows][columns][vl]. */
typedef struct {
    int8_t *ring;
    int8_t *places; /* of each lane's input channel behind that of the first, where there is a multiplier */
    size_t vl;
    int32_t c;
    int32_t rows;
    int32_t columns;
} lp_room_t;

/* The ring's row that is `behind` the one in `slot`. */
static inline const int8_t *lp_line(const lp_room_t *room, int32_t slot, int32_t behind)
{
    const int32_t at = slot + behind;
    return room->ring + (at < room->rows ? at : at - room->rows) * room->columns * (int32_t)room->vl;
}

/* One row of outputs of a 3x3 kernel whose weights stay in registers; the ring's oldest row is in `slot`. */
static LP_NOINLINE void lp_narrow_3x3(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, int32_t slot, int8_t *y)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const size_t vl = room->vl;
    const int32_t across = op->channels * op->multiplier;
    const size_t step = vl * (size_t)op->stride_w;
    const int32_t *bias = op->bias + room->c;
    const int32_t *mult = op->mult + room->c;
    const int8_t *shift = op->shift + room->c;
    const int8_t *w = op->w + room->c;
    const int8_t *x0 = lp_line(room, slot, 0);
    const int8_t *x1 = lp_line(room, slot, 1);
    const int8_t *x2 = lp_line(room, slot, 2);
    const lp_n_s16 w0 = lp_n_load_s16(w, vl);
    const lp_n_s16 w1 = lp_n_load_s16(w + across, vl);
    const lp_n_s16 w2 = lp_n_load_s16(w + 2 * across, vl);
    const lp_n_s16 w3 = lp_n_load_s16(w + 3 * across, vl);
    const lp_n_s16 w4 = lp_n_load_s16(w + 4 * across, vl);
    const lp_n_s16 w5 = lp_n_load_s16(w + 5 * across, vl);
    const lp_n_s16 w6 = lp_n_load_s16(w + 6 * across, vl);
    const lp_n_s16 w7 = lp_n_load_s16(w + 7 * across, vl);
    const lp_n_s16 w8 = lp_n_load_s16(w + 8 * across, vl);
    for (int32_t left = op->out_w; left > 0; left--, x0 += step, x1 += step, x2 += step, y += across) {
        lp_n_s32 acc = lp_n_load_s32(bias, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x0, vl), w0, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x0 + vl, vl), w1, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x0 + 2 * vl, vl), w2, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x1, vl), w3, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x1 + vl, vl), w4, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x1 + 2 * vl, vl), w5, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x2, vl), w6, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x2 + vl, vl), w7, vl);
        acc = lp_n_mla_s16(acc, lp_n_load_s16(x2 + 2 * vl, vl), w8, vl);
        lp_n_store_s8(y, lp_n_requantise_right(acc, mult, shift, &range, vl), vl);
    }
}

/* The same with as many lanes again, whose weights are loaded anew for each output. */
static LP_NOINLINE void lp_wide_3x3(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, int32_t slot, int8_t *y)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const size_t vl = room->vl;
    const int32_t across = op->channels * op->multiplier;
    const size_t step = vl * (size_t)op->stride_w;
    const int32_t *bias = op->bias + room->c;
    const int32_t *mult = op->mult + room->c;
    const int8_t *shift = op->shift + room->c;
    const int8_t *x0 = lp_line(room, slot, 0);
    const int8_t *x1 = lp_line(room, slot, 1);
    const int8_t *x2 = lp_line(room, slot, 2);
    for (int32_t left = op->out_w; left > 0; left--, x0 += step, x1 += step, x2 += step, y += across) {
        const int8_t *w = op->w + room->c;
        lp_w_s32 acc = lp_w_load_s32(bias, vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x0, vl), lp_w_load_s16(w, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x0 + vl, vl), lp_w_load_s16(w += across, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x0 + 2 * vl, vl), lp_w_load_s16(w += across, vl), vl);
        LP_RVV_IN_ORDER(acc);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x1, vl), lp_w_load_s16(w += across, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x1 + vl, vl), lp_w_load_s16(w += across, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x1 + 2 * vl, vl), lp_w_load_s16(w += across, vl), vl);
        LP_RVV_IN_ORDER(acc);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x2, vl), lp_w_load_s16(w += across, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x2 + vl, vl), lp_w_load_s16(w += across, vl), vl);
        acc = lp_w_mla_s16(acc, lp_w_load_s16(x2 + 2 * vl, vl), lp_w_load_s16(w += across, vl), vl);
        lp_w_store_s8(y, lp_w_requantise_right(acc, mult, shift, &range, vl), vl);
    }
}

/* One row of outputs of any kernel. */
static LP_NOINLINE void lp_wide_row(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, int32_t slot, int8_t *y)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const size_t vl = room->vl;
    const int32_t across = op->channels * op->multiplier;
    for (int32_t ox = 0; ox < op->out_w; ox++, y += across) {
        const int8_t *w = op->w + room->c;
        lp_w_s32 acc = lp_w_load_s32(op->bias + room->c, vl);
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int8_t *x = lp_line(room, slot, ky * op->dilation_h) + (size_t)(ox * op->stride_w) * vl;
            for (int32_t left = op->kernel_w; left > 0; left--, x += (size_t)op->dilation_w * vl, w += across) {
                acc = lp_w_mla_s16(acc, lp_w_load_s16(x, vl), lp_w_load_s16(w, vl), vl);
            }
        }
        lp_w_store_s8(y, lp_w_requantise_right(acc, op->mult + room->c, op->shift + room->c, &range, vl), vl);
    }
}

/* The same with any shift. */
static LP_NOINLINE void lp_any_row(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, int32_t slot, int8_t *y)
{
    const lp_rvv_range_t range = {op->y_offset, op->y_min, op->y_max};
    const size_t vl = room->vl;
    const int32_t across = op->channels * op->multiplier;
    for (int32_t ox = 0; ox < op->out_w; ox++, y += across) {
        const int8_t *w = op->w + room->c;
        lp_n_s32 acc = lp_n_load_s32(op->bias + room->c, vl);
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int8_t *x = lp_line(room, slot, ky * op->dilation_h) + (size_t)(ox * op->stride_w) * vl;
            for (int32_t left = op->kernel_w; left > 0; left--, x += (size_t)op->dilation_w * vl, w += across) {
                acc = lp_n_mla_s16(acc, lp_n_load_s16(x, vl), lp_n_load_s16(w, vl), vl);
            }
        }
        lp_n_store_s8(y, lp_n_requantise(acc, op->mult + room->c, op->shift + room->c, &range, vl), vl);
    }
}

/* The channels of `count` neighbouring pixels, from the image to the ring. */
static LP_NOINLINE void lp_fetch(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, const int8_t *from,
                                 int32_t count, int8_t *to)
{
    const int32_t channels = op->channels;
    const size_t vl = room->vl;
    if (op->multiplier > 1) {
        const lp_w_s8 places = lp_w_load_s8(room->places, vl);
        for (from += room->c / op->multiplier; count > 0; count--, from += channels, to += vl) {
            lp_w_store_s8(to, lp_w_lookup_s8(from, places, 0, vl), vl);
        }
    } else if (vl == (size_t)channels) {
        lp_rvv_copy(to, from, count * channels);
    } else {
        for (from += room->c; count > 0; count--, from += channels, to += vl) {
            lp_w_store_s8(to, lp_w_load_s8(from, vl), vl);
        }
    }
}

/* The planes of the channels in `room`. */
static void lp_planes(const lp_depthwise_s8_rvv_t *op, const lp_room_t *room, int32_t is_wide, const int8_t *x,
                      int8_t *y)
{
    const int32_t across = op->channels * op->multiplier;
    const int32_t pitch = room->columns * (int32_t)room->vl;
    const int32_t count = lp_min_s32(op->in_w, room->columns - op->pad_left);
    const int32_t is_square = op->kernel_h == 3 && op->kernel_w == 3 && op->dilation_h == 1 && op->dilation_w == 1;
    int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
    int32_t slot = 0;            /* and where; the oldest row lies there till then */
    lp_rvv_fill(room->ring, op->x_zero, room->rows * pitch);
    for (int32_t oy = 0; oy < op->out_h; oy++, y += op->out_w * across) {
        for (const int32_t end = oy * op->stride_h - op->pad_top + room->rows; next < end; next++) {
            int8_t *line = room->ring + slot * pitch;
            if (next >= op->in_h) {
                lp_rvv_fill(line, op->x_zero, pitch);
            } else if (next >= 0 && count > 0) {
                lp_fetch(op, room, x + next * op->in_w * op->channels, count, line + op->pad_left * (int32_t)room->vl);
            }
            slot = slot + 1 < room->rows ? slot + 1 : 0;
        }
        if (op->is_plain == 0) {
            lp_any_row(op, room, slot, y);
        } else if (is_square == 0) {
            lp_wide_row(op, room, slot, y);
        } else if (is_wide != 0) {
            lp_wide_3x3(op, room, slot, y);
        } else {
            lp_narrow_3x3(op, room, slot, y);
        }
    }
}

void lp_depthwise_s8_rvv(const lp_depthwise_s8_rvv_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    const int32_t across = op->channels * op->multiplier;
    lp_room_t room;
    room.rows = (op->kernel_h - 1) * op->dilation_h + 1;
    room.columns = (op->out_w - 1) * op->stride_w + (op->kernel_w - 1) * op->dilation_w + 1;
    room.ring = (int8_t *)scratch;
    room.places = room.ring + room.rows * room.columns * op->lanes;
    for (room.c = 0; room.c < across; room.c += (int32_t)room.vl) {
        const int32_t left = lp_min_s32(across - room.c, op->lanes);
        const size_t narrow = lp_n_lanes(left);
        room.vl = op->is_plain != 0 ? lp_w_lanes(left) : narrow;
        if (op->multiplier > 1) {
            for (int32_t i = 0; i < (int32_t)room.vl; i++) {
                room.places[i] = (int8_t)((room.c + i) / op->multiplier - room.c / op->multiplier);
            }
        }
        lp_planes(op, &room, room.vl > narrow, x, y + room.c);
    }
}
