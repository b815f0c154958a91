#include "lp_depthwise_s8_simd.h"

#include "lp_fixed_point.h"
#include "lp_simd_dot.h"

#define LP_NEIGHBOURS 4
#define LP_FAR 3 /* columns, or more: neighbours share none */

/* Up to four rows of one column, one a byte. Bytes without a row meet weights of zero. */
LP_INLINE lp_ulanes lp_column(const int8_t *x, int32_t row_step, int32_t rows)
{
    lp_ulanes words = lp_load_low_bytes(x);
    LP_UNROLLED for (int32_t i = 1; i < 4; i++) {
        if (i < rows) {
            words |= lp_load_low_bytes(x + i * row_step) << (8 * i);
        }
    }
    return LP_CODES_RAISED ? words ^ 0x80808080u : words;
}

LP_INLINE lp_ulanes lp_load_weights(const int8_t *w)
{
    lp_ulanes v;
    memcpy(&v, w, sizeof v);
    return v;
}

/* Sixteen outputs to `y`, or as many as there are before `end` and channels from `o` on. */
LP_INLINE void lp_finish(const lp_scales_s8_t *scales, const lp_scale_block *by, lp_lanes acc, int32_t o, int8_t *y,
                         const int8_t *end)
{
    const lp_bytes codes = lp_narrow(lp_requantise_lanes(acc, by), scales->y_min, scales->y_max);
    lp_store_bytes(y, codes, lp_min_s32(scales->c_out - o, (int32_t)(end - y)));
}

/* One row of outputs of one block for a window of 3 x 3. `stride` in columns is a constant where this is inlined. */
LP_INLINE void lp_row_of_threes(const lp_depthwise_s8_simd_t *op, const int8_t *x, const int8_t *weights, lp_lanes start,
                                const lp_scale_block *by, int32_t o, int32_t stride, int8_t *y, const int8_t *end)
{
    const lp_ulanes w[3] = {lp_load_weights(weights), lp_load_weights(weights + 64), lp_load_weights(weights + 128)};
    const int32_t c = op->scales.c_out;
    int32_t left = op->out_w;
    for (; stride < LP_FAR && left >= LP_NEIGHBOURS; left -= LP_NEIGHBOURS) {
        lp_lanes acc[LP_NEIGHBOURS];
        LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
            acc[p] = start;
        }
        LP_UNROLLED for (int32_t column = 0; column < (LP_NEIGHBOURS - 1) * stride + 3; column++) {
            const lp_ulanes words = lp_column(x + column * op->tap_step, op->row_step, 3);
            LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
                const int32_t tap = column - p * stride;
                if (tap >= 0 && tap < 3) {
                    acc[p] = lp_dot_each(acc[p], words, w[tap]);
                }
            }
        }
        LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
            lp_finish(&op->scales, by, acc[p], o, y + p * c, end);
        }
        x += LP_NEIGHBOURS * op->x_step;
        y += LP_NEIGHBOURS * c;
    }
    for (; left > 0; left--, x += op->x_step, y += c) {
        lp_lanes acc = start;
        LP_UNROLLED for (int32_t tap = 0; tap < 3; tap++) {
            acc = lp_dot_each(acc, lp_column(x + tap * op->tap_step, op->row_step, 3), w[tap]);
        }
        lp_finish(&op->scales, by, acc, o, y, end);
    }
}

/* The same for any window, one output after the other. */
LP_INLINE void lp_row_of_any(const lp_depthwise_s8_simd_t *op, const int8_t *x, const int8_t *w, lp_lanes start,
                             const lp_scale_block *by, int32_t o, int8_t *y, const int8_t *end)
{
    for (int32_t left = op->out_w; left > 0; left--, x += op->x_step, y += op->scales.c_out) {
        const int8_t *weights = w;
        lp_lanes acc = start;
        for (int32_t row = 0; row < op->rows; row += 4) {
            const int8_t *from = x + row * op->row_step;
            for (int32_t tap = 0; tap < op->taps; tap++, weights += 64, from += op->tap_step) {
                acc = lp_dot_each(acc, lp_column(from, op->row_step, op->rows - row), lp_load_weights(weights));
            }
        }
        lp_finish(&op->scales, by, acc, o, y, end);
    }
}

void lp_depthwise_s8_simd(const lp_depthwise_s8_simd_t *op, const int8_t *x, int8_t *y)
{
    const int32_t *bias = LP_CODES_RAISED ? op->scales.bias_raised : op->scales.bias;
    const int32_t block_bytes = (op->rows + 3) / 4 * op->taps * 64;
    const int32_t c = op->scales.c_out;
    const int32_t threes = op->rows == 3 && op->taps == 3;
    for (int32_t o = 0; o < c; o += LP_LANES) {
        const int8_t *w = op->w + o / LP_LANES * block_bytes;
        const lp_lanes start = lp_load_lanes(bias + o);
        const lp_scale_block by = lp_load_scales(&op->scales, o);
        for (int32_t i = 0; i < op->out_h; i++) {
            const int8_t *from = x + i * op->y_step + o;
            int8_t *to = y + i * op->row_bytes + o;
            const int8_t *end = y + (i + 1) * op->row_bytes;
            if (threes != 0 && op->x_step == op->tap_step) {
                lp_row_of_threes(op, from, w, start, &by, o, 1, to, end);
            } else if (threes != 0 && op->x_step == 2 * op->tap_step) {
                lp_row_of_threes(op, from, w, start, &by, o, 2, to, end);
            } else if (threes != 0) {
                lp_row_of_threes(op, from, w, start, &by, o, LP_FAR, to, end);
            } else {
                lp_row_of_any(op, from, w, start, &by, o, to, end);
            }
        }
    }
}
