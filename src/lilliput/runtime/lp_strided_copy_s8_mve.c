#include "lp_strided_copy_s8_mve.h"

#include "lp_requantise_mve.h"

static void lp_gather(const int8_t *restrict x, int32_t step, int32_t count, int8_t *restrict y)
{
    const lp_u16x8 offsets = lp_vsteps_u16(step);
    for (; count > 0; count -= 8, x += 8 * step, y += 8) {
        lp_vstore_s16_first(y, lp_vgather_s16_first(x, offsets, count), count);
    }
}

void lp_strided_copy_s8_mve(const lp_strided_copy_s8_t *op, const int8_t *restrict x, int8_t *restrict y)
{
    x += op->start;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            const int8_t *from = x + i * op->s0 + j * op->s1;
            if (op->s2 == 1) {
                lp_vcopy(y, from, op->d2);
            } else {
                lp_gather(from, op->s2, op->d2, y);
            }
        }
    }
}
