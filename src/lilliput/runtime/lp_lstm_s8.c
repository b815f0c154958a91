#include "lp_lstm_s8.h"

#include <string.h>

#include "lp_fixed_point.h"
#include "lp_logistic_s16.h"
#include "lp_tanh_s16.h"

static inline int32_t lp_saturate(int32_t value)
{
    return lp_clamp_s32(value, -32768, 32767);
}

/* The new cell state from the gates, and its hyperbolic tangent where the input gate was. */
static void lp_cell(const lp_lstm_s8_t *op, int16_t *gates, int16_t *c)
{
    const int32_t n = op->n;
    for (int32_t k = 0; k < n; k++) {
        const int32_t old = lp_saturate(lp_requantise(gates[n + k] * c[k], op->forget_mult, op->forget_shift));
        const int32_t product = gates[k] * gates[2 * n + k];
        const int32_t fresh = lp_saturate(lp_requantise(product, op->update_mult, op->update_shift));
        const int32_t both = lp_saturate(old + fresh);
        c[k] = (int16_t)(op->clip > 0 ? lp_clamp_s32(both, -op->clip, op->clip) : both);
    }
    const lp_tanh_s16_t squash = {op->table, n, op->tanh_mult, op->tanh_left};
    lp_tanh_s16(&squash, c, gates);
}

void lp_lstm_s8(const lp_lstm_s8_t *op, const int8_t *restrict x, int8_t *restrict h, int16_t *restrict c,
                int8_t *restrict y, void *scratch)
{
    const int32_t n = op->n;
    int16_t *gates = (int16_t *)scratch;
    int16_t *more = gates + 4 * n;
    const lp_logistic_s16_t two = {op->table, 2 * n, 3, 0};
    const lp_logistic_s16_t one = {op->table, n, 3, 0};
    const lp_tanh_s16_t squash = {op->table, n, 3, 0};
    for (int32_t t = 0; t < op->steps; t++, x += op->input.c_in, y += n) {
        op->dense(&op->input, x, gates);
        op->dense(&op->hidden, h, more);
        for (int32_t k = 0; k < 4 * n; k++) {
            gates[k] = (int16_t)lp_saturate(gates[k] + more[k]);
        }
        lp_logistic_s16(&two, gates, gates);
        lp_tanh_s16(&squash, gates + 2 * n, gates + 2 * n);
        lp_logistic_s16(&one, gates + 3 * n, gates + 3 * n);
        lp_cell(op, gates, c);
        for (int32_t k = 0; k < n; k++) {
            const int32_t value = lp_requantise(gates[3 * n + k] * gates[k], op->output_mult, op->output_shift);
            h[k] = (int8_t)lp_clamp_s32(value + op->h_zero, -128, 127);
        }
        (void)memcpy(y, h, (size_t)n);
    }
}
