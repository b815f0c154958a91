/* Small parts of the float kernels.
 *
 * All arithmetic is that of IEEE 754 single precision, rounded to nearest, each operation by itself (the build keeps the
 * compiler from fusing a product with a sum): every machine gives the same bits.
 */
#ifndef LP_FLOAT_H
#define LP_FLOAT_H

#include <stdint.h>
#include <string.h>

static inline uint32_t lp_bits_of(float x)
{
    uint32_t bits;
    (void)memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float lp_float_of(uint32_t bits)
{
    float x;
    (void)memcpy(&x, &bits, sizeof x);
    return x;
}

/* The larger of both; `limit` where x is not a number. */
static inline float lp_at_least(float x, float limit)
{
#if defined(__ARM_FPV5__)
    return __builtin_fmaxf(x, limit); /* one instruction */
#else
    return x > limit ? x : limit;
#endif
}

/* The smaller of both; `limit` where x is not a number. */
static inline float lp_at_most(float x, float limit)
{
#if defined(__ARM_FPV5__)
    return __builtin_fminf(x, limit);
#else
    return x < limit ? x : limit;
#endif
}

static inline float lp_within(float x, float low, float high)
{
    return lp_at_most(lp_at_least(x, low), high);
}

static inline float lp_magnitude(float x)
{
    return lp_float_of(lp_bits_of(x) & 0x7FFFFFFFu);
}

/* The magnitude of x with the sign of `sign`. */
static inline float lp_signed_like(float x, float sign)
{
    return lp_float_of((lp_bits_of(x) & 0x7FFFFFFFu) | (lp_bits_of(sign) & 0x80000000u));
}

/* x towards zero; from 2^23 on all numbers are whole. */
static inline float lp_truncate(float x)
{
    return lp_magnitude(x) < 8388608.0f ? lp_signed_like((float)(int32_t)x, x) : x;
}

static inline float lp_floor(float x)
{
    const float whole = lp_truncate(x);
    return whole > x ? whole - 1.0f : whole;
}

#endif
