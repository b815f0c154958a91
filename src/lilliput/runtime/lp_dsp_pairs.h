/* More of lp_dsp.h: arithmetic of pairs, and what two integrate-and-fire neurons do in one step. */
#ifndef LP_DSP_PAIRS_H
#define LP_DSP_PAIRS_H

#include "lp_dsp.h"

/* Part of each caller, so that what they hand over is known there. */
#if defined(__GNUC__)
#define LP_SPIKE_INLINE static inline __attribute__((always_inline))
#else
#define LP_SPIKE_INLINE static inline
#endif

/* Writes a pair to two neighbours. */
static inline void lp_store_pair(uint32_t pair, int16_t *to)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    const uint16_t halves[2] = {(uint16_t)(pair & 0xffffu), (uint16_t)(pair >> 16)};
    memcpy(to, halves, sizeof halves);
#elif defined(__GNUC__)
    __builtin_memcpy(to, &pair, sizeof pair);
#else
    memcpy(to, &pair, sizeof pair);
#endif
}

#if LP_DSP_NATIVE

/* Each half times the half of `factor`, in 2^-15, rounded half up. */
static inline uint32_t lp_scale_pair(uint32_t pair, uint32_t factor)
{
    uint32_t low;
    uint32_t high;
    const uint32_t half = 1u << 14;
    __asm__("smlabb %0, %2, %3, %4\n\t"
            "smlatt %1, %2, %3, %4\n\t"
            "asr    %0, %0, #15\n\t"
            "pkhbt  %0, %0, %1, lsl #1"
            : "=&r"(low), "=&r"(high)
            : "r"(pair), "r"(factor), "r"(half));
    return low;
}

/* Half of each half, rounded half up. */
static inline uint32_t lp_halve_pair(uint32_t pair)
{
    uint32_t halves;
    __asm__("shadd16 %0, %1, %2" : "=r"(halves) : "r"(pair), "r"(0x00010001u));
    return halves;
}

/* The sum of each half, clamped to int16. */
static inline uint32_t lp_qadd16(uint32_t a, uint32_t b)
{
    uint32_t sums;
    __asm__("qadd16 %0, %1, %2" : "=r"(sums) : "r"(a), "r"(b));
    return sums;
}

/* Each half of *v that is at least the half of `threshold` becomes 0. *fired moves down by a bit, and takes one of 0x80
 * for each of them in its half. */
static inline void lp_fire_zero(uint32_t *v, uint32_t threshold, uint32_t *fired)
{
    uint32_t more;
    __asm__("ssub16 %2, %0, %3\n\t"
            "sel    %0, %5, %0\n\t"
            "sel    %2, %4, %5\n\t"
            "orr    %1, %2, %1, lsr #1"
            : "+r"(*v), "+r"(*fired), "=&r"(more)
            : "r"(threshold), "r"(0x00800080u), "r"(0));
}

/* Likewise, less the threshold instead of 0. */
static inline void lp_fire_subtract(uint32_t *v, uint32_t threshold, uint32_t *fired)
{
    uint32_t left;
    __asm__("ssub16 %2, %0, %3\n\t"
            "sel    %0, %2, %0\n\t"
            "sel    %2, %4, %5\n\t"
            "orr    %1, %2, %1, lsr #1"
            : "+r"(*v), "+r"(*fired), "=&r"(left)
            : "r"(threshold), "r"(0x00800080u), "r"(0));
}

#else

static inline int32_t lp_half(uint32_t pair, int32_t at) { return (int16_t)(uint16_t)(pair >> at & 0xffffu); }

static inline uint32_t lp_scale_pair(uint32_t pair, uint32_t factor)
{
    const int32_t low = (lp_half(pair, 0) * lp_half(factor, 0) + (1 << 14)) >> 15;
    const int32_t high = (lp_half(pair, 16) * lp_half(factor, 16) + (1 << 14)) >> 15;
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

static inline uint32_t lp_halve_pair(uint32_t pair) { return lp_scale_pair(pair, 0x40004000u); }

static inline uint32_t lp_qadd16(uint32_t a, uint32_t b)
{
    uint32_t sums = 0;
    for (int32_t at = 0; at < 32; at += 16) {
        const int32_t sum = lp_half(a, at) + lp_half(b, at);
        sums |= ((uint32_t)(sum < -32768 ? -32768 : (sum > 32767 ? 32767 : sum)) & 0xffffu) << at;
    }
    return sums;
}

static inline void lp_fire_pair(uint32_t *v, uint32_t threshold, uint32_t *fired, int32_t subtracts)
{
    *fired >>= 1;
    for (int32_t at = 0; at < 32; at += 16) {
        const int32_t left = lp_half(*v, at) - lp_half(threshold, at);
        if (left >= 0) {
            *fired |= (uint32_t)0x80 << at;
            *v = (*v & ~((uint32_t)0xffff << at)) | (uint32_t)(subtracts != 0 ? left : 0) << at;
        }
    }
}

static inline void lp_fire_zero(uint32_t *v, uint32_t threshold, uint32_t *fired)
{
    lp_fire_pair(v, threshold, fired, 0);
}

static inline void lp_fire_subtract(uint32_t *v, uint32_t threshold, uint32_t *fired)
{
    lp_fire_pair(v, threshold, fired, 1);
}

#endif

#endif
