#include "lp_resize_bilinear_f32.h"

void lp_resize_bilinear_f32(const lp_resize_bilinear_f32_t *op, const float *restrict x, float *restrict y)
{
    const int32_t c = op->c;
    for (int32_t i = 0; i < op->h_out; i++) {
        const float *low = x + op->row[i] * op->w_in * c;
        const float *high = x + op->row_above[i] * op->w_in * c;
        const float down = op->row_weight[i];
        for (int32_t j = 0; j < op->w_out; j++) {
            const int32_t left = op->column[j] * c;
            const int32_t right = op->column_above[j] * c;
            const float across = op->column_weight[j];
            for (int32_t k = 0; k < c; k++) {
                const float a = (1.0f - across) * low[left + k] + across * low[right + k];
                const float b = (1.0f - across) * high[left + k] + across * high[right + k];
                *y++ = (1.0f - down) * a + down * b;
            }
        }
    }
}
