#include "lp_pair_s64.h"

#include <stddef.h>

/* Quotient and remainder by magnitudes, so that not even the least number divided by -1 overflows. */
static int64_t lp_whole_quotient(int32_t kind, int64_t a, int64_t b)
{
    if (b == 0) {
        return 0;
    }
    const uint64_t x = a < 0 ? 0u - (uint64_t)a : (uint64_t)a;
    const uint64_t z = b < 0 ? 0u - (uint64_t)b : (uint64_t)b;
    const int32_t opposite = (a < 0) != (b < 0) ? 1 : 0;
    const uint64_t rest = x % z;
    const uint64_t size = x / z + (kind != 6 && opposite != 0 && rest != 0 ? 1u : 0u);
    const uint64_t quotient = opposite != 0 ? 0u - size : size;
    return (int64_t)(kind == 8 ? (uint64_t)a - (uint64_t)b * quotient : quotient);
}

static int64_t lp_whole(int32_t kind, int64_t a, int64_t b)
{
    const uint64_t x = (uint64_t)a;
    const uint64_t z = (uint64_t)b;
    switch (kind) {
    case 0:
        return (int64_t)(x + z);
    case 1:
        return (int64_t)(x - z);
    case 2:
        return (int64_t)(x * z);
    case 3:
        return a > b ? a : b;
    case 4:
        return a < b ? a : b;
    case 5:
        return (int64_t)((x - z) * (x - z));
    default:
        return lp_whole_quotient(kind, a, b);
    }
}

static void lp_pair_s64_row(const lp_pair_s64_t *op, const int64_t *a, const int64_t *b, int64_t *y)
{
    for (int32_t k = 0; k < op->d2; k++, a += op->a2, b += op->b2) {
        const int64_t made = lp_whole(op->kind, *a, *b);
        y[k] = made < op->y_min ? op->y_min : (made > op->y_max ? op->y_max : made);
    }
}

void lp_pair_s64(const lp_pair_s64_t *op, const int64_t *a, const int64_t *b, int64_t *y)
{
    a = op->a != NULL ? op->a : a;
    b = op->b != NULL ? op->b : b;
    for (int32_t i = 0; i < op->d0; i++) {
        for (int32_t j = 0; j < op->d1; j++, y += op->d2) {
            lp_pair_s64_row(op, a + i * op->a0 + j * op->a1, b + i * op->b0 + j * op->b1, y);
        }
    }
}
