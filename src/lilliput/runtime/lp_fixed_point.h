/* Requantisation: bring a 32-bit accumulator to the scale of the output.
 *
 * A real factor m is mult * 2^(shift - 31), mult in [2^30, 2^31) or 0, shift in [-31, 30].
 *
 * Value     t = (acc * 2^max(shift, 0) * mult + 2^30) >> 31     on the exact 64-bit product: round half up
 *           y = t / 2^max(-shift, 0)                            round half away from zero
 *           or, where 64 is added to the shift, with one rounding:
 *           y = (acc * mult + 2^(30 - shift)) >> (31 - shift)   on the exact 64-bit product: round half up
 * Ranges    |acc| * 2^max(shift, 0) < 2^31, proved by the compiler from the weights (LP312 otherwise).
 *
 * Shifting a negative number right is arithmetic on every compiler this project supports; the tests hold it.
 */
#ifndef LP_FIXED_POINT_H
#define LP_FIXED_POINT_H

#include <stdint.h>

static inline int32_t lp_min_s32(int32_t a, int32_t b) { return a < b ? a : b; }

static inline int32_t lp_max_s32(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t lp_clamp_s32(int32_t x, int32_t low, int32_t high)
{
    return x < low ? low : (x > high ? high : x);
}

/* (a * b + 2^30) >> 31 on the exact product; not for a = b = -2^31. */
#if defined(__thumb__) && !defined(__thumb2__)
/* Such a core has no product of 64 bits: four of 32 bits, from halves, and bits 30 and 31 of the sum. */
static inline int32_t lp_high_mul(int32_t a, int32_t b)
{
    const int32_t a_low = a & 0xffff;
    const int32_t b_low = b & 0xffff;
    const uint32_t low = (uint32_t)a_low * (uint32_t)b_low;
    const int32_t cross = (a >> 16) * b_low + (int32_t)(low >> 16);
    const int32_t middle = a_low * (b >> 16) + (cross & 0xffff);
    const int32_t high = (a >> 16) * (b >> 16) + (cross >> 16) + (middle >> 16);
    return (int32_t)((uint32_t)high * 2u) + ((middle >> 15) & 1) + ((middle >> 14) & 1);
}
#else
static inline int32_t lp_high_mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}
#endif

/* (a * 2^bits * b + 2^30) >> 31 for |a| * 2^bits < 2^30: twice the product ends on a whole word. */
static inline int32_t lp_high_mul_small(int32_t a, int32_t bits, int32_t b)
{
#if defined(__thumb__) && !defined(__thumb2__)
    return lp_high_mul(a * (int32_t)((uint32_t)1 << bits), b);
#else
    const int64_t twice = (int64_t)(a * (int32_t)((uint32_t)2 << bits)) * b;
    return (int32_t)(twice >> 32) + (int32_t)((uint32_t)twice >> 31);
#endif
}

/* lp_high_mul for a and b of 0 or more: again, twice the product ends on a whole word. */
static inline int32_t lp_high_mul_positive(int32_t a, int32_t b)
{
#if defined(__thumb__) && !defined(__thumb2__)
    return lp_high_mul(a, b);
#else
    const uint64_t twice = (uint64_t)(uint32_t)a * (2u * (uint32_t)b);
    return (int32_t)((uint32_t)(twice >> 32) + ((uint32_t)twice >> 31));
#endif
}

/* x / 2^bits, round half away from zero; bits in [0, 31]. */
static inline int32_t lp_rounding_shift(int32_t x, int32_t bits)
{
    const int32_t mask = (int32_t)(((uint32_t)1 << bits) - 1u);
    const int32_t threshold = (int32_t)((uint32_t)mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> bits) + ((x & mask) > threshold ? 1 : 0);
}

/* 64 is added to shifts that round once. */
#define LP_ONCE 64

static inline int32_t lp_requantise_once(int32_t acc, int32_t mult, int32_t shift)
{
    const int32_t places = 31 + LP_ONCE - shift;
    return (int32_t)(((int64_t)acc * mult + ((int64_t)1 << (places - 1))) >> places);
}

static inline int32_t lp_requantise(int32_t acc, int32_t mult, int32_t shift)
{
    if (shift > 31) {
        return lp_requantise_once(acc, mult, shift);
    }
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    return lp_rounding_shift(lp_high_mul(acc * (int32_t)((uint32_t)1 << left), mult), right);
}

/* lp_requantise in fewer instructions yet, for shift below 0 and |acc| < 2^30; right is -shift. */
static inline int32_t lp_requantise_right(int32_t acc, int32_t mult, int32_t right)
{
    const int32_t t = lp_high_mul_small(acc, 0, mult);
    return (t + (int32_t)((uint32_t)1 << (right - 1)) + (t >> 31)) >> right;
}

/* lp_requantise in fewer instructions, for |acc| * 2^max(shift, 0) < 2^30: the half step cannot overflow then. In a loop
 * everything that depends on mult and shift alone is done once. */
static inline int32_t lp_requantise_small(int32_t acc, int32_t mult, int32_t shift)
{
    if (shift > 31) {
        return lp_requantise_once(acc, mult, shift);
    }
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t half = (int32_t)(((uint32_t)1 << right) >> 1);
    const int32_t away = right > 0 ? -1 : 0;
    const int32_t t = lp_high_mul_small(acc, left, mult);
    return (t + half + ((t >> 31) & away)) >> right;
}

#endif
