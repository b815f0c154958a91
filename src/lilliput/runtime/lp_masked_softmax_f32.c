#include "lp_masked_softmax_f32.h"

#include "lp_expf.h"

static void lp_row(int32_t c, const float *x, const int8_t *present, float *y)
{
    int32_t first = 0;
    while (first < c && present[first] == 0) {
        first++;
    }
    if (first == c) {
        for (int32_t i = 0; i < c; i++) {
            y[i] = 1.0f / (float)c;
        }
        return;
    }
    float largest = x[first];
    for (int32_t i = first + 1; i < c; i++) {
        largest = present[i] != 0 && x[i] > largest ? x[i] : largest;
    }
    float sum = 0.0f;
    for (int32_t i = 0; i < c; i++) {
        y[i] = present[i] != 0 ? lp_expf(x[i] - largest) : 0.0f;
        sum += y[i];
    }
    for (int32_t i = 0; i < c; i++) {
        y[i] /= sum;
    }
}

void lp_masked_softmax_f32(const lp_masked_softmax_f32_t *op, const float *x, const int8_t *present, float *y)
{
    for (int32_t row = 0; row < op->rows; row++, x += op->c, y += op->c) {
        lp_row(op->c, x, present + (row % op->masks) * op->c, y);
    }
}
