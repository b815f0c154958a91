/* The Arm DSP instructions that the kernels `*_s16_dsp` use beside those of lp_dsp.h, and the same in plain C. */
#ifndef LP_DSP_S16_H
#define LP_DSP_S16_H

#include <stdint.h>

#include "lp_dsp.h"
#include "lp_fixed_point.h"
#include "lp_wide_s16.h"

/* A pair to two neighbours. */
static inline void lp_store_pair(uint32_t pair, int16_t *to)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    to[0] = (int16_t)(uint16_t)(pair & 0xffffu);
    to[1] = (int16_t)(uint16_t)(pair >> 16);
#elif defined(__GNUC__)
    __builtin_memcpy(to, &pair, sizeof pair);
#else
    memcpy(to, &pair, sizeof pair);
#endif
}

#if LP_DSP_NATIVE

/* (a * b + 2^31) >> 32 on the exact product. */
static inline int32_t lp_smmulr(int32_t a, int32_t b)
{
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
}

/* x clamped to [-32768, 32767]. */
static inline int32_t lp_ssat16(int32_t x)
{
    int32_t clamped;
    __asm__("ssat %0, #16, %1" : "=r"(clamped) : "r"(x));
    return clamped;
}

/* x clamped to [0, 32767]. */
static inline int32_t lp_usat15(int32_t x)
{
    int32_t clamped;
    __asm__("usat %0, #15, %1" : "=r"(clamped) : "r"(x));
    return clamped;
}

/* c + a.high * b.high */
static inline int32_t lp_smlatt(uint32_t a, uint32_t b, int32_t c) { return __smlatt((int32_t)a, (int32_t)b, c); }

#else

static inline int32_t lp_smmulr(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}

static inline int32_t lp_ssat16(int32_t x) { return lp_clamp_s32(x, -32768, 32767); }

static inline int32_t lp_usat15(int32_t x) { return lp_clamp_s32(x, 0, 32767); }

static inline int32_t lp_smlatt(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)c + lp_high(a) * lp_high(b));
}

#endif

/* Out of line, so that it takes no registers from the usual way. */
static LP_NOINLINE int32_t lp_wide_finish_long(int32_t acc, int32_t mult, int32_t code)
{
    return lp_wide_finish(acc, mult, code);
}

/* A sum of 32 bits to int16, from 0 up where `from_zero` says so. Code 0 stands for y = (acc * mult + 2^31) >> 32; others
 * are those of lp_wide_s16.h. */
static inline int16_t lp_short_finish(int32_t acc, int32_t mult, int32_t code, int32_t from_zero)
{
    const int32_t value = code == 0 ? lp_smmulr(acc, mult) : lp_wide_finish_long(acc, mult, code);
    return (int16_t)(from_zero != 0 ? lp_usat15(value) : lp_ssat16(value));
}

/* A clamp that neither of both is, on outputs that lie together. */
static inline void lp_clamp_run_s16(int16_t *y, int32_t count, int32_t low, int32_t high)
{
    if (high == 32767 && (low == 0 || low == -32768)) {
        return;
    }
    for (int32_t i = 0; i < count; i++) {
        y[i] = (int16_t)lp_clamp_s32(y[i], low, high);
    }
}

#endif
