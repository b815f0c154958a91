/* The Arm DSP instructions that the kernels `*_dsp` use, and the same in plain C elsewhere, bit for bit, so that those
 * kernels can be run and checked on any machine.
 *
 * A "pair" is a 32-bit word with two signed halfwords, `low` in bits 0-15 and `high` in bits 16-31. Sums wrap.
 */
#ifndef LP_DSP_H
#define LP_DSP_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && defined(__GNUC__)
#define LP_DSP_NATIVE 1
#include <arm_acle.h>
#else
#define LP_DSP_NATIVE 0
#endif

/* Kept out of line: inlined, such a part would take the registers that the loop around it lives on. */
#if defined(__GNUC__)
#define LP_NOINLINE __attribute__((noinline))
#else
#define LP_NOINLINE
#endif

/* Before a loop that is unrolled by hand as far as it pays. */
#if defined(__clang__)
#define LP_ROLLED _Pragma("clang loop unroll(disable)")
#elif defined(__GNUC__)
#define LP_ROLLED _Pragma("GCC unroll 1")
#else
#define LP_ROLLED
#endif

/* Four bytes from any address, the first in bits 0-7. */
static inline uint32_t lp_load4(const int8_t *from)
{
    uint32_t word;
#if defined(__GNUC__)
    __builtin_memcpy(&word, from, sizeof word); /* one load, also where the library's name is not known */
#else
    memcpy(&word, from, sizeof word);
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = (word >> 24) | (word >> 8 & 0xff00u) | (word << 8 & 0xff0000u) | (word << 24);
#endif
    return word;
}

/* The same, writing. */
static inline void lp_store4(uint32_t word, int8_t *to)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = (word >> 24) | (word >> 8 & 0xff00u) | (word << 8 & 0xff0000u) | (word << 24);
#endif
#if defined(__GNUC__)
    __builtin_memcpy(to, &word, sizeof word);
#else
    memcpy(to, &word, sizeof word);
#endif
}

/* The pair of two neighbours. */
static inline uint32_t lp_load_pair(const int16_t *from)
{
    uint32_t pair;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    pair = (uint32_t)(uint16_t)from[0] | (uint32_t)(uint16_t)from[1] << 16;
#elif defined(__GNUC__)
    __builtin_memcpy(&pair, from, sizeof pair);
#else
    memcpy(&pair, from, sizeof pair);
#endif
    return pair;
}

/* The first `count` (0 to 4) of four bytes, zeros behind them. */
static inline uint32_t lp_load_few(const int8_t *from, int32_t count)
{
    uint32_t word = 0;
    for (int32_t i = 0; i < count; i++) {
        word |= (uint32_t)(uint8_t)from[i] << (8 * i);
    }
    return word;
}

#if LP_DSP_NATIVE

/* c + a.low * b.low + a.high * b.high */
static inline int32_t lp_smlad(uint32_t a, uint32_t b, int32_t c)
{
    return __smlad((int16x2_t)a, (int16x2_t)b, c);
}

/* c + a.low * b.low, c + a.low * b.high, c + a.high * b.low */
static inline int32_t lp_smlabb(uint32_t a, uint32_t b, int32_t c) { return __smlabb((int32_t)a, (int32_t)b, c); }

static inline int32_t lp_smlabt(uint32_t a, uint32_t b, int32_t c) { return __smlabt((int32_t)a, (int32_t)b, c); }

static inline int32_t lp_smlatb(uint32_t a, uint32_t b, int32_t c) { return __smlatb((int32_t)a, (int32_t)b, c); }

/* The pair of bytes 0 and 2, sign extended. */
static inline uint32_t lp_sxtb16(uint32_t x)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(x));
    return pair;
}

/* The pair of bytes 1 and 3, sign extended. */
static inline uint32_t lp_sxtb16_ror8(uint32_t x)
{
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(x));
    return pair;
}

/* Bytes 1, 0, 3, 2. */
static inline uint32_t lp_rev16(uint32_t x)
{
    uint32_t swapped;
    __asm__("rev16 %0, %1" : "=r"(swapped) : "r"(x));
    return swapped;
}

/* c plus the pair of bytes 0 and 2, and of bytes 1 and 3, sign extended; each half by itself. */
static inline uint32_t lp_sxtab16(uint32_t c, uint32_t x)
{
    uint32_t sums;
    __asm__("sxtab16 %0, %1, %2" : "=r"(sums) : "r"(c), "r"(x));
    return sums;
}

static inline uint32_t lp_sxtab16_ror8(uint32_t c, uint32_t x)
{
    uint32_t sums;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(sums) : "r"(c), "r"(x));
    return sums;
}

/* The larger of each two signed bytes. */
static inline uint32_t lp_max4(uint32_t a, uint32_t b)
{
    uint32_t most;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(most) : "r"(a), "r"(b));
    return most;
}

/* x clamped to [-128, 127]. */
static inline int32_t lp_ssat8(int32_t x)
{
    int32_t clamped;
    __asm__("ssat %0, #8, %1" : "=r"(clamped) : "r"(x));
    return clamped;
}

#else

static inline uint32_t lp_low(uint32_t pair) { return (uint32_t)(int32_t)(int16_t)(uint16_t)(pair & 0xffffu); }

static inline uint32_t lp_high(uint32_t pair) { return (uint32_t)(int32_t)(int16_t)(uint16_t)(pair >> 16); }

static inline int32_t lp_smlad(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)c + lp_low(a) * lp_low(b) + lp_high(a) * lp_high(b));
}

static inline int32_t lp_smlabb(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)c + lp_low(a) * lp_low(b));
}

static inline int32_t lp_smlabt(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)c + lp_low(a) * lp_high(b));
}

static inline int32_t lp_smlatb(uint32_t a, uint32_t b, int32_t c)
{
    return (int32_t)((uint32_t)c + lp_high(a) * lp_low(b));
}

static inline uint32_t lp_sxtb16(uint32_t x)
{
    const uint32_t low = (uint32_t)(int32_t)(int8_t)(uint8_t)(x & 0xffu);
    const uint32_t high = (uint32_t)(int32_t)(int8_t)(uint8_t)(x >> 16 & 0xffu);
    return (low & 0xffffu) | high << 16;
}

static inline uint32_t lp_sxtb16_ror8(uint32_t x) { return lp_sxtb16(x >> 8); }

static inline uint32_t lp_sxtab16(uint32_t c, uint32_t x)
{
    const uint32_t pair = lp_sxtb16(x);
    return ((c + pair) & 0xffffu) | ((c & 0xffff0000u) + (pair & 0xffff0000u));
}

static inline uint32_t lp_sxtab16_ror8(uint32_t c, uint32_t x) { return lp_sxtab16(c, x >> 8); }

static inline uint32_t lp_max4(uint32_t a, uint32_t b)
{
    uint32_t most = 0;
    for (int32_t i = 0; i < 32; i += 8) {
        const int8_t x = (int8_t)(uint8_t)(a >> i & 0xffu);
        const int8_t y = (int8_t)(uint8_t)(b >> i & 0xffu);
        most |= (uint32_t)(uint8_t)(x >= y ? x : y) << i;
    }
    return most;
}

static inline uint32_t lp_rev16(uint32_t x) { return (x >> 8 & 0x00ff00ffu) | (x & 0x00ff00ffu) << 8; }

static inline int32_t lp_ssat8(int32_t x) { return x < -128 ? -128 : (x > 127 ? 127 : x); }

#endif

#endif
