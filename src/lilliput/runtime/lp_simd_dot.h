/* Dot products of four codes with four weights, sixteen output channels at a time.
 *
 * A block of weights is 64 bytes, w[channel 16][tap 4]. `lp_spread` puts four codes before every channel, as a matrix
 * product needs them, `lp_dot_two` four of one pixel before the lower and four of another before the upper eight;
 * `lp_dot_each` takes four other codes for each channel, as a depthwise convolution has them.
 *
 * The instructions differ in what they want: VNNI multiplies bytes without a sign by signed ones, so codes go in 128
 * higher and 128 * (sum of weights) comes off the bias (LP_CODES_RAISED); the others take codes as they are. All products
 * are summed exactly: none of the saturating forms is used.
 */
#ifndef LP_SIMD_DOT_H
#define LP_SIMD_DOT_H

#include "lp_simd.h"

#if LP_VNNI512 || LP_VNNI256
#define LP_CODES_RAISED 1
#else
#define LP_CODES_RAISED 0
#endif

/* How many output pixels and blocks of 16 channels one tile holds in registers. */
#if LP_VNNI512
#define LP_TILE_BLOCKS 4
#define LP_TILE_PIXELS 6
#define LP_NARROW_TILE_PIXELS 8
#elif LP_AVX2 && !LP_VNNI256
#define LP_TILE_BLOCKS 1
#define LP_TILE_PIXELS 2
#define LP_NARROW_TILE_PIXELS 2
#else
#define LP_TILE_BLOCKS 1
#define LP_TILE_PIXELS 4
#define LP_NARROW_TILE_PIXELS 4
#endif

LP_INLINE uint32_t lp_load_word(const int8_t *from)
{
    uint32_t word;
    memcpy(&word, from, sizeof word);
    return LP_CODES_RAISED ? word ^ 0x80808080u : word;
}

#if LP_VNNI512

typedef __m512i lp_sums;
typedef __m512i lp_block;
typedef __m512i lp_spread;

LP_INLINE lp_sums lp_sums_from(const int32_t *start) { return _mm512_loadu_si512(start); }

LP_INLINE lp_lanes lp_sums_total(lp_sums sums) { return (lp_lanes)sums; }

LP_INLINE lp_block lp_load_block(const int8_t *w) { return _mm512_loadu_si512(w); }

LP_INLINE lp_spread lp_spread_word(const int8_t *x) { return _mm512_set1_epi32((int32_t)lp_load_word(x)); }

LP_INLINE lp_sums lp_dot(lp_sums sums, lp_spread x, lp_block w) { return _mm512_dpbusd_epi32(sums, x, w); }

LP_INLINE lp_sums lp_dot_two(lp_sums sums, const int8_t *x, const int8_t *z, lp_block w)
{
    int32_t first;
    int32_t second;
    memcpy(&first, x, sizeof first);
    memcpy(&second, z, sizeof second);
    const __m512i codes = _mm512_mask_set1_epi32(_mm512_set1_epi32(first), 0xff00, second);
    return _mm512_dpbusd_epi32(sums, _mm512_xor_si512(codes, _mm512_set1_epi8(-128)), w);
}

LP_INLINE lp_lanes lp_dot_each(lp_lanes sums, lp_ulanes x, lp_ulanes w)
{
    return (lp_lanes)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)x, (__m512i)w);
}

#elif LP_VNNI256

typedef struct {
    __m256i part[2];
} lp_sums;
typedef lp_sums lp_block;
typedef __m256i lp_spread;

LP_INLINE lp_sums lp_sums_from(const int32_t *start)
{
    lp_sums sums;
    memcpy(&sums, start, sizeof sums);
    return sums;
}

LP_INLINE lp_lanes lp_sums_total(lp_sums sums)
{
    lp_lanes total;
    memcpy(&total, &sums, sizeof total);
    return total;
}

LP_INLINE lp_block lp_load_block(const int8_t *w)
{
    lp_block block;
    memcpy(&block, w, sizeof block);
    return block;
}

LP_INLINE lp_spread lp_spread_word(const int8_t *x) { return _mm256_set1_epi32((int32_t)lp_load_word(x)); }

LP_INLINE lp_sums lp_dot(lp_sums sums, lp_spread x, lp_block w)
{
    sums.part[0] = LP_DOT256(sums.part[0], x, w.part[0]);
    sums.part[1] = LP_DOT256(sums.part[1], x, w.part[1]);
    return sums;
}

LP_INLINE lp_sums lp_dot_two(lp_sums sums, const int8_t *x, const int8_t *z, lp_block w)
{
    sums.part[0] = LP_DOT256(sums.part[0], lp_spread_word(x), w.part[0]);
    sums.part[1] = LP_DOT256(sums.part[1], lp_spread_word(z), w.part[1]);
    return sums;
}

LP_INLINE lp_lanes lp_dot_each(lp_lanes sums, lp_ulanes x, lp_ulanes w)
{
    lp_sums s;
    lp_sums a;
    lp_sums b;
    memcpy(&s, &sums, sizeof s);
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &w, sizeof b);
    s.part[0] = LP_DOT256(s.part[0], a.part[0], b.part[0]);
    s.part[1] = LP_DOT256(s.part[1], a.part[1], b.part[1]);
    return lp_sums_total(s);
}

#elif LP_AVX2

/* Two sums a channel, of its even and of its odd pair of taps, four channels a vector. */
typedef struct {
    __m256i part[4];
} lp_sums;
typedef lp_sums lp_block; /* weights widened to 16 bits */
typedef __m256i lp_spread;

LP_INLINE lp_sums lp_sums_from(const int32_t *start)
{
    lp_sums sums;
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        __m128i four;
        memcpy(&four, start + 4 * i, sizeof four);
        sums.part[i] = _mm256_cvtepu32_epi64(four);
    }
    return sums;
}

LP_INLINE lp_lanes lp_sums_total(lp_sums sums)
{
    __m256i total[2];
    LP_UNROLLED for (int32_t i = 0; i < 2; i++) {
        const __m256i pairs = _mm256_hadd_epi32(sums.part[2 * i], sums.part[2 * i + 1]);
        total[i] = _mm256_permute4x64_epi64(pairs, 0xd8);
    }
    lp_lanes all;
    memcpy(&all, total, sizeof all);
    return all;
}

LP_INLINE lp_block lp_load_block(const int8_t *w)
{
    lp_block block;
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        __m128i four;
        memcpy(&four, w + 16 * i, sizeof four);
        block.part[i] = _mm256_cvtepi8_epi16(four);
    }
    return block;
}

LP_INLINE lp_spread lp_spread_word(const int8_t *x)
{
    return _mm256_cvtepi8_epi16(_mm_set1_epi32((int32_t)lp_load_word(x)));
}

LP_INLINE lp_sums lp_dot(lp_sums sums, lp_spread x, lp_block w)
{
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        sums.part[i] = _mm256_add_epi32(sums.part[i], _mm256_madd_epi16(x, w.part[i]));
    }
    return sums;
}

LP_INLINE lp_sums lp_dot_two(lp_sums sums, const int8_t *x, const int8_t *z, lp_block w)
{
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        const lp_spread codes = lp_spread_word(i < 2 ? x : z);
        sums.part[i] = _mm256_add_epi32(sums.part[i], _mm256_madd_epi16(codes, w.part[i]));
    }
    return sums;
}

LP_INLINE lp_lanes lp_dot_each(lp_lanes sums, lp_ulanes x, lp_ulanes w)
{
    __m256i a[2];
    __m256i b[2];
    __m256i s[2];
    memcpy(a, &x, sizeof a);
    memcpy(b, &w, sizeof b);
    memcpy(s, &sums, sizeof s);
    LP_UNROLLED for (int32_t i = 0; i < 2; i++) {
        const __m256i low_a = _mm256_srai_epi16(_mm256_slli_epi16(a[i], 8), 8);
        const __m256i low_b = _mm256_srai_epi16(_mm256_slli_epi16(b[i], 8), 8);
        const __m256i low = _mm256_madd_epi16(low_a, low_b);
        const __m256i high = _mm256_madd_epi16(_mm256_srai_epi16(a[i], 8), _mm256_srai_epi16(b[i], 8));
        s[i] = _mm256_add_epi32(s[i], _mm256_add_epi32(low, high));
    }
    memcpy(&sums, s, sizeof sums);
    return sums;
}

#elif LP_NEON_DOT

typedef struct {
    int32x4_t part[4];
} lp_sums;
typedef struct {
    int8x16_t part[4];
} lp_block;
typedef int8x16_t lp_spread;

LP_INLINE lp_sums lp_sums_from(const int32_t *start)
{
    lp_sums sums;
    memcpy(&sums, start, sizeof sums);
    return sums;
}

LP_INLINE lp_lanes lp_sums_total(lp_sums sums)
{
    lp_lanes total;
    memcpy(&total, &sums, sizeof total);
    return total;
}

LP_INLINE lp_block lp_load_block(const int8_t *w)
{
    lp_block block;
    memcpy(&block, w, sizeof block);
    return block;
}

LP_INLINE lp_spread lp_spread_word(const int8_t *x) { return vreinterpretq_s8_u32(vdupq_n_u32(lp_load_word(x))); }

LP_INLINE lp_sums lp_dot(lp_sums sums, lp_spread x, lp_block w)
{
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        sums.part[i] = vdotq_s32(sums.part[i], w.part[i], x);
    }
    return sums;
}

LP_INLINE lp_sums lp_dot_two(lp_sums sums, const int8_t *x, const int8_t *z, lp_block w)
{
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        sums.part[i] = vdotq_s32(sums.part[i], w.part[i], lp_spread_word(i < 2 ? x : z));
    }
    return sums;
}

LP_INLINE lp_lanes lp_dot_each(lp_lanes sums, lp_ulanes x, lp_ulanes w)
{
    lp_sums s;
    lp_block a;
    lp_block b;
    memcpy(&s, &sums, sizeof s);
    memcpy(&a, &x, sizeof a);
    memcpy(&b, &w, sizeof b);
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        s.part[i] = vdotq_s32(s.part[i], a.part[i], b.part[i]);
    }
    return lp_sums_total(s);
}

#else

typedef lp_ulanes lp_sums;
typedef lp_ulanes lp_block;
typedef lp_ulanes lp_spread;

LP_INLINE lp_sums lp_sums_from(const int32_t *start) { return (lp_sums)lp_load_lanes(start); }

LP_INLINE lp_lanes lp_sums_total(lp_sums sums) { return (lp_lanes)sums; }

LP_INLINE lp_block lp_load_block(const int8_t *w)
{
    lp_block block;
    memcpy(&block, w, sizeof block);
    return block;
}

LP_INLINE lp_spread lp_spread_word(const int8_t *x) { return (lp_ulanes)lp_all((int32_t)lp_load_word(x)); }

/* Tap `index` of every lane, sign extended. */
LP_INLINE lp_ulanes lp_tap(lp_ulanes words, int32_t index)
{
    return (lp_ulanes)((lp_lanes)(words << (24 - 8 * index)) >> 24);
}

LP_INLINE lp_sums lp_dot(lp_sums sums, lp_spread x, lp_block w)
{
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        sums += lp_tap(x, i) * lp_tap(w, i);
    }
    return sums;
}

LP_INLINE lp_sums lp_dot_two(lp_sums sums, const int8_t *x, const int8_t *z, lp_block w)
{
    const uint32_t a = lp_load_word(x);
    const uint32_t b = lp_load_word(z);
    const lp_spread codes = {a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b};
    return lp_dot(sums, codes, w);
}

LP_INLINE lp_lanes lp_dot_each(lp_lanes sums, lp_ulanes x, lp_ulanes w)
{
    return (lp_lanes)lp_dot((lp_ulanes)sums, x, w);
}

#endif

#endif
