#include "lp_conv2d_s8_simd.h"

#include "lp_simd_dot.h"

#define LP_MOST_PIXELS 8

/* Where the next output pixels read, in the order in which they are written. */
typedef struct {
    const int8_t *row;
    const int8_t *next;
    int32_t left; /* in this row */
} lp_walk;

LP_INLINE void lp_take(const lp_conv2d_s8_simd_t *op, lp_walk *walk, const int8_t **pixels, int32_t count)
{
    for (int32_t p = 0; p < count; p++) {
        if (walk->left == 0) {
            walk->row += op->y_step;
            walk->next = walk->row;
            walk->left = op->out_w;
        }
        pixels[p] = walk->next;
        walk->next += op->x_step;
        walk->left--;
    }
}

/* `pixels` x `blocks` sums, both constants where this is inlined. */
LP_INLINE void lp_tile(const lp_conv2d_s8_simd_t *op, const int8_t *const *x, const int8_t *w, int32_t channel,
                       int32_t pixels, int32_t blocks, int8_t *y)
{
    const int32_t block_bytes = op->rows * op->taps * op->words * 64;
    const int32_t *start = (LP_CODES_RAISED ? op->scales.bias_raised : op->scales.bias) + channel;
    lp_sums sums[LP_MOST_PIXELS][LP_TILE_BLOCKS];
    LP_UNROLLED for (int32_t b = 0; b < blocks; b++) {
        LP_UNROLLED for (int32_t p = 0; p < pixels; p++) {
            sums[p][b] = lp_sums_from(start + LP_LANES * b);
        }
    }
    for (int32_t row = 0; row < op->rows; row++) {
        for (int32_t tap = 0; tap < op->taps; tap++) {
            const int32_t run = row * op->row_step + tap * op->tap_step;
            for (int32_t at = run; at < run + 4 * op->words; at += 4, w += 64) {
                lp_block block[LP_TILE_BLOCKS];
                LP_UNROLLED for (int32_t b = 0; b < blocks; b++) {
                    block[b] = lp_load_block(w + b * block_bytes);
                }
                LP_UNROLLED for (int32_t p = 0; p < pixels; p++) {
                    const lp_spread codes = lp_spread_word(x[p] + at);
                    LP_UNROLLED for (int32_t b = 0; b < blocks; b++) {
                        sums[p][b] = lp_dot(sums[p][b], codes, block[b]);
                    }
                }
            }
        }
    }
    LP_UNROLLED for (int32_t b = 0; b < blocks; b++) {
        const lp_scale_block scales = lp_load_scales(&op->scales, channel + LP_LANES * b);
        LP_UNROLLED for (int32_t p = 0; p < pixels; p++) {
            const lp_lanes value = lp_requantise_lanes(lp_sums_total(sums[p][b]), &scales);
            const lp_bytes codes = lp_narrow(value, op->scales.y_min, op->scales.y_max);
            const int32_t o = channel + LP_LANES * b;
            lp_store_bytes(y + p * op->scales.c_out + o, codes, op->scales.c_out - o);
        }
    }
}

/* All pixels for `blocks` blocks of channels: full tiles, then half ones, then pixel by pixel. */
LP_INLINE void lp_all_pixels(const lp_conv2d_s8_simd_t *op, const int8_t *x, const int8_t *w, int32_t channel,
                             int32_t full, int32_t some, int32_t blocks, int8_t *y)
{
    const int8_t *pixels[LP_MOST_PIXELS];
    lp_walk walk = {x, x, op->out_w};
    int32_t left = op->out_h * op->out_w;
    for (; left >= full; left -= full, y += full * op->scales.c_out) {
        lp_take(op, &walk, pixels, full);
        lp_tile(op, pixels, w, channel, full, blocks, y);
    }
    for (; left >= some; left -= some, y += some * op->scales.c_out) {
        lp_take(op, &walk, pixels, some);
        lp_tile(op, pixels, w, channel, some, blocks, y);
    }
    for (; left > 0; left--, y += op->scales.c_out) {
        lp_take(op, &walk, pixels, 1);
        lp_tile(op, pixels, w, channel, 1, blocks, y);
    }
}

/* Up to eight channels: two pixels side by side in one vector, `pairs` of them, a constant where this is inlined. The
 * last pixel may be its own neighbour, then only `count` are written. */
LP_INLINE void lp_tile_of_pairs(const lp_conv2d_s8_simd_t *op, const int8_t *const *x, int32_t pairs, int32_t count,
                                int8_t *y)
{
    const int32_t c = op->scales.c_out;
    const int8_t *w = op->w;
    lp_sums sums[LP_MOST_PIXELS / 2];
    LP_UNROLLED for (int32_t p = 0; p < pairs; p++) {
        sums[p] = lp_sums_from(LP_CODES_RAISED ? op->scales.bias_raised : op->scales.bias);
    }
    for (int32_t row = 0; row < op->rows; row++) {
        for (int32_t tap = 0; tap < op->taps; tap++) {
            const int32_t run = row * op->row_step + tap * op->tap_step;
            for (int32_t at = run; at < run + 4 * op->words; at += 4, w += 64) {
                const lp_block block = lp_load_block(w);
                LP_UNROLLED for (int32_t p = 0; p < pairs; p++) {
                    sums[p] = lp_dot_two(sums[p], x[2 * p] + at, x[2 * p + 1] + at, block);
                }
            }
        }
    }
    const lp_scale_block scales = lp_load_scales(&op->scales, 0);
    LP_UNROLLED for (int32_t p = 0; p < pairs; p++) {
        const lp_lanes value = lp_requantise_lanes(lp_sums_total(sums[p]), &scales);
        const lp_bytes codes = lp_narrow(value, op->scales.y_min, op->scales.y_max);
        if (c == LP_LANES / 2 && 2 * p + 1 < count) {
            lp_store_bytes(y + 2 * p * c, codes, LP_LANES);
            continue;
        }
        int8_t both[LP_LANES];
        memcpy(both, &codes, sizeof codes);
        for (int32_t i = 0; i < (2 * p + 1 < count ? 2 : 1); i++) {
            memcpy(y + (2 * p + i) * c, both + i * LP_LANES / 2, (size_t)c);
        }
    }
}

static void lp_all_pairs(const lp_conv2d_s8_simd_t *op, const int8_t *x, int8_t *y)
{
    const int8_t *pixels[LP_MOST_PIXELS];
    lp_walk walk = {x, x, op->out_w};
    int32_t left = op->out_h * op->out_w;
    for (; left >= LP_MOST_PIXELS; left -= LP_MOST_PIXELS, y += LP_MOST_PIXELS * op->scales.c_out) {
        lp_take(op, &walk, pixels, LP_MOST_PIXELS);
        lp_tile_of_pairs(op, pixels, LP_MOST_PIXELS / 2, LP_MOST_PIXELS, y);
    }
    for (; left > 0; left -= 2, y += 2 * op->scales.c_out) {
        lp_take(op, &walk, pixels, left > 1 ? 2 : 1);
        pixels[1] = left > 1 ? pixels[1] : pixels[0];
        lp_tile_of_pairs(op, pixels, 1, left, y);
    }
}

void lp_conv2d_s8_simd(const lp_conv2d_s8_simd_t *op, const int8_t *x, int8_t *y)
{
    const int32_t block_bytes = op->rows * op->taps * op->words * 64;
    const int8_t *w = op->w;
    int32_t channel = 0;
    if (op->scales.c_out <= LP_LANES / 2) {
        lp_all_pairs(op, x, y);
        return;
    }
#if LP_TILE_BLOCKS == 4
    for (; op->scales.c_out - channel > 3 * LP_LANES; channel += 4 * LP_LANES, w += 4 * block_bytes) {
        lp_all_pixels(op, x, w, channel, LP_TILE_PIXELS, 3, 4, y);
    }
    for (; op->scales.c_out - channel > LP_LANES; channel += 2 * LP_LANES, w += 2 * block_bytes) {
        lp_all_pixels(op, x, w, channel, LP_NARROW_TILE_PIXELS, 4, 2, y);
    }
#endif
    for (; channel < op->scales.c_out; channel += LP_LANES, w += block_bytes) {
        lp_all_pixels(op, x, w, channel, LP_NARROW_TILE_PIXELS, 2, 1, y);
    }
}
