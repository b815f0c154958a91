#include "lp_cast.h"

static int64_t lp_read_whole(int32_t from, const void *x, int32_t i)
{
    switch (from) {
    case 2:
        return ((const uint8_t *)x)[i];
    case 3:
        return ((const int16_t *)x)[i];
    case 4:
        return ((const int32_t *)x)[i];
    case 5:
        return ((const int64_t *)x)[i];
    default:
        return ((const int8_t *)x)[i];
    }
}

static void lp_write_whole(int32_t to, int64_t value, void *y, int32_t i)
{
    const uint64_t bits = (uint64_t)value;
    switch (to) {
    case 0:
        ((int8_t *)y)[i] = (int8_t)(value != 0 ? 1 : 0);
        break;
    case 1:
    case 2:
        ((uint8_t *)y)[i] = (uint8_t)(bits & 0xffu);
        break;
    case 3:
        ((uint16_t *)y)[i] = (uint16_t)(bits & 0xffffu);
        break;
    case 4:
        ((uint32_t *)y)[i] = (uint32_t)(bits & 0xffffffffu);
        break;
    case 5:
        ((int64_t *)y)[i] = value;
        break;
    default:
        ((float *)y)[i] = (float)value;
        break;
    }
}

/* A real number cut off towards zero, and at the ends of the type `to`. */
static int64_t lp_cut(int32_t to, float real)
{
    static const int64_t least[7] = {0, INT8_MIN, 0, INT16_MIN, INT32_MIN, INT64_MIN, 0};
    static const int64_t most[7] = {1, INT8_MAX, UINT8_MAX, INT16_MAX, INT32_MAX, INT64_MAX, 0};
    if (to == 0) {
        return real > 0.0f || real < 0.0f || !(real >= 0.0f) ? 1 : 0;
    }
    if (!(real >= 0.0f || real < 0.0f)) {
        return 0;
    }
    if (real >= (float)most[to]) {
        return most[to];
    }
    return real <= (float)least[to] ? least[to] : (int64_t)real;
}

void lp_cast(const lp_cast_t *op, const void *x, void *y)
{
    for (int32_t i = 0; i < op->n; i++) {
        const int64_t value =
            op->from == 6 ? lp_cut(op->to, ((const float *)x)[i]) : lp_read_whole(op->from, x, i);
        lp_write_whole(op->to, value, y, i);
    }
}
