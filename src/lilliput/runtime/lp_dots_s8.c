#include "lp_dots_s8.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_four_sums.h"

/* From the sums of `count` channels from o on to their outputs. */
static LP_NOINLINE void lp_finish(const lp_dots_s8_t *op, int32_t o, int32_t count, const uint32_t *acc, uint32_t less,
                                  int8_t *y)
{
    const int32_t *bias = op->bias + o;
    const int32_t *mult = op->mult + o;
    const int8_t *shift = op->shift + o;
    const int32_t y_offset = op->y_offset;
    const int32_t y_min = op->y_min;
    const int32_t y_max = op->y_max;
    if (op->is_plain != 0) {
        LP_ROLLED for (; count > 0; count--) {
            const int32_t sum = (int32_t)((uint32_t)*bias++ + *acc++ - less);
            const int32_t value = lp_requantise_right(sum, *mult++, -*shift++);
            *y++ = (int8_t)lp_clamp_s32(value + y_offset, y_min, y_max);
        }
        return;
    }
    for (; count > 0; count--) {
        const int32_t sum = (int32_t)((uint32_t)*bias++ + *acc++ - less);
        const int32_t value = lp_requantise(sum, *mult++, *shift++);
        *y++ = (int8_t)lp_clamp_s32(value + y_offset, y_min, y_max);
    }
}

void lp_dots_s8(const lp_dots_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    const uint8_t *w = op->w;
    uint32_t acc[4];
    int32_t sum = 0; /* at most 128 * taps, far below 2^31 */
    LP_ROLLED for (int32_t i = 0; i < op->taps; i++) {
        sum += x[i];
    }
    const uint32_t less = 128u * (uint32_t)sum;
    int32_t o = 0;
    for (; o + 4 <= op->c_out; o += 4, w += 4 * op->taps) {
        lp_four_sums(w, x, op->taps, acc);
        lp_finish(op, o, 4, acc, less, y + o);
    }
    for (; o < op->c_out; o++) {
        acc[0] = 0;
        LP_ROLLED for (int32_t i = 0; i < op->taps; i++) {
            acc[0] += (uint32_t)x[i] * *w++;
        }
        lp_finish(op, o, 1, acc, less, y + o);
    }
}
