/* lp_sinf, lp_cosf: sine and cosine.
 *
 * Value     within 1.3e-7 for every finite x. Not a number for the others.
 * Method    x = n pi/2 + r, |r| <= pi/4: up to 2^12 with pi/2 in four parts, above with 96 bits of 2/pi; a polynomial.
 */
#ifndef LP_SINF_H
#define LP_SINF_H

#include "lp_float.h"

/* sin(r) for n = 0, cos(r) for 1, and their opposites for 2 and 3. */
static inline float lp_sine_of_quarter(float r, uint32_t n)
{
    const float s = r * r;
    float y;
    if ((n & 1u) == 0u) {
        float p = 2.8308018e-06f;
        p = p * s + -0.00019852983f;
        p = p * s + 0.008333379f;
        p = p * s + -0.16666667f;
        y = p * s * r + r;
    } else {
        float p = 2.4430881e-05f;
        p = p * s + -0.0013887302f;
        p = p * s + 0.041666646f;
        y = p * s * s + (1.0f - 0.5f * s);
    }
    return (n & 2u) != 0u ? -y : y;
}

/* x = m 2^e, m 24 bits: of m 2/pi the 64 bits below 4. Bits of m 2/pi that are multiples of 4 are left away. */
static inline uint64_t lp_quarters(uint32_t bits)
{
    static const uint32_t two_over_pi[8] = {0u,          0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u,
                                            0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu};
    const uint32_t m = (bits & 0x007FFFFFu) | 0x00800000u;
    const uint32_t e = (bits >> 23) - 150u + 30u; /* the product begins at bit e - 30 of 2/pi; e is 19 or more here */
    const uint32_t word = e / 32u;
    const uint32_t shift = e % 32u;
    uint32_t part[3];
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t pair = (uint64_t)two_over_pi[word + i] << 32 | two_over_pi[word + i + 1u];
        part[i] = (uint32_t)(pair >> (32u - shift));
    }
    return ((uint64_t)m * part[0] << 32) + (uint64_t)m * part[1] + ((uint64_t)m * part[2] >> 32);
}

static inline float lp_sine(float x, uint32_t n)
{
    const float size = lp_magnitude(x);
    if (!(size <= 3.4028235e38f)) {
        return lp_float_of(0x7FC00000u);
    }
    if (size <= 4096.0f) {
        const float scaled = x * 0.63661975f;
        const int32_t k = (int32_t)(scaled < 0.0f ? scaled - 0.5f : scaled + 0.5f);
        const float whole = (float)k;
        /* Parts of 11 bits: their products with k, 12 bits, are exact. */
        const float r = ((x - whole * 1.5703125f) - whole * 0.0004837513f) - whole * 7.5495336e-08f;
        return lp_sine_of_quarter(r - whole * 2.563344e-12f, n + (uint32_t)k);
    }
    const uint64_t quarters = lp_quarters(lp_bits_of(size)); /* in units of 2^-62 quarter turns */
    const uint64_t rounded = quarters + ((uint64_t)1 << 61);
    const int64_t rest = (int64_t)((rounded & (((uint64_t)1 << 62) - 1u))) - ((int64_t)1 << 61);
    const float r = (float)(int32_t)(rest >> 31) * (1.5707964f / 2147483648.0f);
    const uint32_t k = (uint32_t)(rounded >> 62);
    return lp_signed_like(1.0f, x) < 0.0f && n == 0u ? -lp_sine_of_quarter(r, k) : lp_sine_of_quarter(r, k + n);
}

static inline float lp_sinf(float x)
{
    return lp_sine(x, 0u);
}

static inline float lp_cosf(float x)
{
    return lp_sine(x, 1u);
}

#endif
