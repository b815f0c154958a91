#include "lp_avg_pool_f32.h"

#include "lp_float.h"

static void lp_mean(const lp_pool_f32_t *op, const lp_window_t *window, float *restrict y)
{
    const int32_t c = op->c;
    const float count = (float)(window->rows * window->columns);
    int32_t k = 0;
    for (; k + 4 <= c; k += 4) {
        float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
        for (int32_t row = 0; row < window->rows; row++) {
            const float *from = window->x + (row * op->w_in * c + k);
            for (int32_t left = window->columns; left > 0; left--, from += c) {
                sum[0] += from[0];
                sum[1] += from[1];
                sum[2] += from[2];
                sum[3] += from[3];
            }
        }
        y[k] = lp_within(sum[0] / count, op->y_min, op->y_max);
        y[k + 1] = lp_within(sum[1] / count, op->y_min, op->y_max);
        y[k + 2] = lp_within(sum[2] / count, op->y_min, op->y_max);
        y[k + 3] = lp_within(sum[3] / count, op->y_min, op->y_max);
    }
    for (; k < c; k++) {
        float sum = 0.0f;
        for (int32_t row = 0; row < window->rows; row++) {
            for (int32_t column = 0; column < window->columns; column++) {
                sum += window->x[(row * op->w_in + column) * c + k];
            }
        }
        y[k] = lp_within(sum / count, op->y_min, op->y_max);
    }
}

void lp_avg_pool_f32(const lp_pool_f32_t *op, const float *restrict x, float *restrict y)
{
    for (int32_t oy = 0; oy < op->h_out; oy++) {
        for (int32_t ox = 0; ox < op->w_out; ox++, y += op->c) {
            const lp_window_t window = lp_window(op, x, oy, ox);
            lp_mean(op, &window, y);
        }
    }
}
