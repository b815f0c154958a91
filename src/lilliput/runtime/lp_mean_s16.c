#include "lp_mean_s16.h"

#include "lp_compiler.h"
#include "lp_fixed_point.h"
#include "lp_requantise_s16.h"

void lp_mean_s16(const lp_mean_s16_t *op, const int16_t *restrict x, int16_t *restrict y)
{
    const int32_t run = op->sum2 * op->inner;
    const int32_t slab = op->middle * run;
    for (int32_t o = 0; o < op->outer; o++, x += op->sum1 * slab) {
        for (int32_t k = 0; k < op->middle * op->inner; k++) {
            const int16_t *from = x + k / op->inner * run + k % op->inner;
            int32_t acc = 0;
            for (int32_t i = 0; i < op->sum1; i++) {
                LP_ROLLED for (int32_t j = 0; j < op->sum2; j++) {
                    acc += from[i * slab + j * op->inner];
                }
            }
            *y++ = (int16_t)lp_clamp_s32(lp_requantise_short(acc, op->mult, op->shift), -32768, 32767);
        }
    }
}
