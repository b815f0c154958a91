#include "lp_floor_mod_f32.h"

/* |a| mod |b|, without rounding: |b| 2^k, as large as goes into what is left, is taken away till less than |b| is left. */
static float lp_rest(float a, float b)
{
    float left = lp_magnitude(a);
    const float size = lp_magnitude(b);
    if (!(size > 0.0f) || !(left <= 3.4028235e38f)) {
        return lp_float_of(0x7FC00000u);
    }
    while (left >= size) {
        float part = lp_float_of((lp_bits_of(left) & 0x7F800000u) | (lp_bits_of(size) & 0x007FFFFFu));
        if (lp_bits_of(size) < 0x00800000u || lp_bits_of(left) < 0x01000000u) { /* near the subnormal numbers */
            for (part = size; part <= 0.5f * left; part += part) {
            }
        }
        left -= part <= left ? part : 0.5f * part;
    }
    return left;
}

static float lp_remainder(float a, float b)
{
    const float rest = lp_signed_like(lp_rest(a, b), a);
    return rest != 0.0f && (rest < 0.0f) != (b < 0.0f) ? rest + b : rest;
}

LP_INLINE float lp_of(float a, float b)
{
    return lp_remainder(a, b);
}

void lp_floor_mod_f32(const lp_pair_f32_t *op, const float *a, const float *b, float *y)
{
    lp_pairs(op, a, b, y, lp_of);
}
