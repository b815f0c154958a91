#include "lp_max_pool_f32.h"

#include "lp_float.h"

static void lp_largest(const lp_pool_f32_t *op, const lp_window_t *window, float *restrict y)
{
    const int32_t c = op->c;
    int32_t k = 0;
    for (; k + 4 <= c; k += 4) {
        float best[4] = {window->x[k], window->x[k + 1], window->x[k + 2], window->x[k + 3]};
        for (int32_t row = 0; row < window->rows; row++) {
            const float *from = window->x + (row * op->w_in * c + k);
            for (int32_t left = window->columns; left > 0; left--, from += c) {
                best[0] = lp_at_least(from[0], best[0]);
                best[1] = lp_at_least(from[1], best[1]);
                best[2] = lp_at_least(from[2], best[2]);
                best[3] = lp_at_least(from[3], best[3]);
            }
        }
        y[k] = lp_within(best[0], op->y_min, op->y_max);
        y[k + 1] = lp_within(best[1], op->y_min, op->y_max);
        y[k + 2] = lp_within(best[2], op->y_min, op->y_max);
        y[k + 3] = lp_within(best[3], op->y_min, op->y_max);
    }
    for (; k < c; k++) {
        float best = window->x[k];
        for (int32_t row = 0; row < window->rows; row++) {
            for (int32_t column = 0; column < window->columns; column++) {
                best = lp_at_least(window->x[(row * op->w_in + column) * c + k], best);
            }
        }
        y[k] = lp_within(best, op->y_min, op->y_max);
    }
}

void lp_max_pool_f32(const lp_pool_f32_t *op, const float *restrict x, float *restrict y)
{
    for (int32_t oy = 0; oy < op->h_out; oy++) {
        for (int32_t ox = 0; ox < op->w_out; ox++, y += op->c) {
            const lp_window_t window = lp_window(op, x, oy, ox);
            lp_largest(op, &window, y);
        }
    }
}
