#include "lp_dense_s8_s16.h"

#include "lp_fixed_point.h"
#include "lp_four_sums.h"

static inline int16_t lp_finish(const lp_dense_s8_s16_t *op, int32_t o, uint32_t sum)
{
    const int32_t acc = (int32_t)((uint32_t)op->bias[o] + sum);
    const int32_t value = lp_requantise(acc, op->mult[o], op->shift[o]) + op->y_offset;
    return (int16_t)lp_clamp_s32(value, op->y_min, op->y_max);
}

void lp_dense_s8_s16(const lp_dense_s8_s16_t *op, const int8_t *restrict x, int16_t *restrict y)
{
    const uint8_t *w = (const uint8_t *)op->w;
    int32_t sum = 0; /* at most 128 * c_in, far below 2^31 */
    LP_ROLLED for (int32_t i = 0; i < op->c_in; i++) {
        sum += x[i];
    }
    const uint32_t less = 128u * (uint32_t)sum;
    int32_t o = 0;
    for (; o + 4 <= op->c_out; o += 4, w += 4 * op->c_in) {
        uint32_t acc[4];
        lp_four_sums(w, x, op->c_in, acc);
        for (int32_t i = 0; i < 4; i++) {
            y[o + i] = lp_finish(op, o + i, acc[i] - less);
        }
    }
    for (; o < op->c_out; o++) {
        uint32_t acc = 0;
        LP_ROLLED for (int32_t i = 0; i < op->c_in; i++) {
            acc += (uint32_t)x[i] * *w++;
        }
        y[o] = lp_finish(op, o, acc - less);
    }
}
