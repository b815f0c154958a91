#include "lp_depthwise_s8_simd.h"

#include "lp_simd_dot.h"

#define LP_NEIGHBOURS 4

/* Sixteen codes of a row, without a sign where the dot product wants them so, as the lowest bytes of words. */
LP_INLINE lp_ulanes lp_low_bytes(const int8_t *x)
{
    lp_ubytes v;
    memcpy(&v, x, sizeof v);
    return __builtin_convertvector(v, lp_ulanes);
}

/* Up to four rows of one column, one a byte. Bytes without a row meet weights of zero. */
LP_INLINE lp_ulanes lp_column(const int8_t *x, int32_t row_step, int32_t rows)
{
    lp_ulanes words = lp_low_bytes(x);
    LP_UNROLLED for (int32_t i = 1; i < 4; i++) {
        if (i < rows) {
            words |= lp_low_bytes(x + i * row_step) << (8 * i);
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

LP_INLINE void lp_finish(const lp_scales_s8_t *scales, const lp_scale_block *by, lp_lanes acc, int32_t o, int8_t *y)
{
    const lp_bytes codes = lp_narrow(lp_requantise_lanes(acc, by), scales->y_min, scales->y_max);
    lp_store_bytes(y + o, codes, scales->c_out - o);
}

/* One row of outputs of one block for a window of three columns and up to four rows. `stride` in columns, 1 or 2, and
 * `rows` are constants where this is inlined. */
LP_INLINE void lp_row_of_threes(const lp_depthwise_s8_simd_t *op, const int8_t *x, const lp_ulanes *w, lp_lanes start,
                                const lp_scale_block *by, int32_t o, int32_t stride, int32_t rows, int8_t *y)
{
    const int32_t c = op->scales.c_out;
    int32_t left = op->out_w;
    for (; left >= LP_NEIGHBOURS; left -= LP_NEIGHBOURS, x += LP_NEIGHBOURS * op->x_step, y += LP_NEIGHBOURS * c) {
        lp_lanes acc[LP_NEIGHBOURS];
        LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
            acc[p] = start;
        }
        LP_UNROLLED for (int32_t column = 0; column < (LP_NEIGHBOURS - 1) * stride + 3; column++) {
            const lp_ulanes words = lp_column(x + column * op->tap_step, op->row_step, rows);
            LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
                const int32_t tap = column - p * stride;
                if (tap >= 0 && tap < 3) {
                    acc[p] = lp_dot_each(acc[p], words, w[tap]);
                }
            }
        }
        LP_UNROLLED for (int32_t p = 0; p < LP_NEIGHBOURS; p++) {
            lp_finish(&op->scales, by, acc[p], o, y + p * c);
        }
    }
    for (; left > 0; left--, x += op->x_step, y += c) {
        lp_lanes acc = start;
        LP_UNROLLED for (int32_t tap = 0; tap < 3; tap++) {
            acc = lp_dot_each(acc, lp_column(x + tap * op->tap_step, op->row_step, rows), w[tap]);
        }
        lp_finish(&op->scales, by, acc, o, y);
    }
}

/* The same for any window, one output after the other. */
LP_INLINE void lp_row_of_any(const lp_depthwise_s8_simd_t *op, const int8_t *x, const int8_t *w, lp_lanes start,
                             const lp_scale_block *by, int32_t o, int8_t *y)
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
        lp_finish(&op->scales, by, acc, o, y);
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
            int8_t *to = y + i * op->out_w * c;
            if (threes != 0 && op->x_step == op->tap_step) {
                const lp_ulanes three[3] = {lp_load_weights(w), lp_load_weights(w + 64), lp_load_weights(w + 128)};
                lp_row_of_threes(op, from, three, start, &by, o, 1, 3, to);
            } else if (threes != 0 && op->x_step == 2 * op->tap_step) {
                const lp_ulanes three[3] = {lp_load_weights(w), lp_load_weights(w + 64), lp_load_weights(w + 128)};
                lp_row_of_threes(op, from, three, start, &by, o, 2, 3, to);
            } else {
                lp_row_of_any(op, from, w, start, &by, o, to);
            }
        }
    }
}
