#include "lp_pair_s32.h"

#include <stddef.h>

/* Quotient and remainder by magnitudes, so that not even the least number divided by -1 overflows. */
static int32_t lp_whole_quotient(int32_t kind, int32_t a, int32_t b)
{
    if (b == 0) {
        return 0;
    }
    const uint32_t x = a < 0 ? 0u - (uint32_t)a : (uint32_t)a;
    const uint32_t z = b < 0 ? 0u - (uint32_t)b : (uint32_t)b;
    const int32_t opposite = (a < 0) != (b < 0) ? 1 : 0;
    const uint32_t rest = x % z;
    const uint32_t size = x / z + (kind != 6 && opposite != 0 && rest != 0 ? 1u : 0u);
    const uint32_t quotient = opposite != 0 ? 0u - size : size;
    return (int32_t)(kind == 8 ? (uint32_t)a - (uint32_t)b * quotient : quotient);
}

static int32_t lp_whole(int32_t kind, int32_t a, int32_t b)
{
    const uint32_t x = (uint32_t)a;
    const uint32_t z = (uint32_t)b;
    switch (kind) {
    case 0:
        return (int32_t)(x + z);
    case 1:
        return (int32_t)(x - z);
    case 2:
        return (int32_t)(x * z);
    case 3:
        return a > b ? a : b;
    case 4:
        return a < b ? a : b;
    case 5:
        return (int32_t)((x - z) * (x - z));
    default:
        return lp_whole_quotient(kind, a, b);
    }
}

static void lp_pair_s32_row(const lp_pair_s32_t *op, const int32_t *a, const int32_t *b, int32_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        const int32_t made = lp_whole(op->kind, *a, *b);
        y[k] = made < op->y_min ? op->y_min : (made > op->y_max ? op->y_max : made);
    }
}

void lp_pair_s32(const lp_pair_s32_t *op, const int32_t *a, const int32_t *b, int32_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_pair_s32_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
