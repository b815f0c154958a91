/* Sixteen 32-bit lanes on whatever vectors this machine has: what the kernels `*_simd` are written with.
 *
 * Lanes are output channels. The vectors are those of GCC and Clang, which split them into what the machine has, so all
 * kernels run with any instruction set; only the dot products, the high half of a product and the narrowing to bytes are
 * written for AVX-512 VNNI, AVX-VNNI, AVX2 and NEON by name. Every form gives the same bits.
 *
 * Sums wrap; where one is read the compiler has proved that it is in range. Words are built from bytes with the first
 * byte lowest, so the machine must be little-endian.
 */
#ifndef LP_SIMD_H
#define LP_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are passed to inlined functions only */
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "these kernels are for little-endian machines: compile the network for a plain target"
#endif

/* LP_ONLY_256 keeps to vectors of 256 bits, for CPUs that slow down with wider ones. */
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && !defined(LP_ONLY_256)
#define LP_AVX512 1
#else
#define LP_AVX512 0
#endif
#if LP_AVX512 && defined(__AVX512VNNI__)
#define LP_VNNI512 1
#else
#define LP_VNNI512 0
#endif
/* The same instruction for 256 bits came twice, with two encodings. */
#if !LP_VNNI512 && defined(__AVX2__) && defined(__AVXVNNI__)
#define LP_VNNI256 1
#define LP_DOT256 _mm256_dpbusd_avx_epi32
#elif !LP_VNNI512 && defined(__AVX2__) && defined(__AVX512VNNI__) && defined(__AVX512VL__)
#define LP_VNNI256 1
#define LP_DOT256 _mm256_dpbusd_epi32
#else
#define LP_VNNI256 0
#endif
#if defined(__AVX2__)
#define LP_AVX2 1
#include <immintrin.h>
#else
#define LP_AVX2 0
#endif
#if defined(__ARM_NEON) && defined(__ARM_FEATURE_DOTPROD) && defined(__aarch64__)
#define LP_NEON_DOT 1
#include <arm_neon.h>
#else
#define LP_NEON_DOT 0
#endif

#define LP_INLINE static inline __attribute__((always_inline))

/* Before loops over the places of a tile, whose bounds are constants once inlined. */
#if defined(__clang__)
#define LP_UNROLLED _Pragma("clang loop unroll(full)")
#else
#define LP_UNROLLED _Pragma("GCC unroll 32")
#endif

#define LP_LANES 16

typedef int32_t lp_lanes __attribute__((vector_size(64)));
typedef uint32_t lp_ulanes __attribute__((vector_size(64)));
typedef int64_t lp_wide __attribute__((vector_size(128)));
typedef float lp_floats __attribute__((vector_size(64)));
typedef int8_t lp_bytes __attribute__((vector_size(16)));

LP_INLINE lp_lanes lp_load_lanes(const int32_t *from)
{
    lp_lanes v;
    memcpy(&v, from, sizeof v);
    return v;
}

LP_INLINE lp_lanes lp_all(int32_t x)
{
    const lp_lanes zero = {0};
    return zero + x;
}

/* Sixteen codes, sign extended. By name where there is one: gcc takes such conversions apart. */
LP_INLINE lp_lanes lp_load_codes(const int8_t *from)
{
#if LP_AVX512
    return (lp_lanes)_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(const void *)from));
#elif LP_AVX2
    const __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)from);
    const __m256i half[2] = {_mm256_cvtepi8_epi32(codes), _mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8))};
    lp_lanes v;
    memcpy(&v, half, sizeof v);
    return v;
#else
    lp_bytes v;
    memcpy(&v, from, sizeof v);
    return __builtin_convertvector(v, lp_lanes);
#endif
}

/* The same bytes without a sign. */
LP_INLINE lp_ulanes lp_load_low_bytes(const int8_t *from)
{
    return (lp_ulanes)lp_load_codes(from) & 0xffu;
}

/* The high halves of doubled products, rounded: (a * b + 2^30) >> 31. Not both are -2^31. */
LP_INLINE lp_lanes lp_high_mul_lanes(lp_lanes a, lp_lanes b)
{
#if LP_AVX512
    const __m512i half = _mm512_set1_epi64(1 << 30);
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64((__m512i)a, 32), _mm512_srli_epi64((__m512i)b, 32));
    const __m512i even = _mm512_add_epi64(_mm512_mul_epi32((__m512i)a, (__m512i)b), half);
    const __m512i high = _mm512_slli_epi64(_mm512_add_epi64(odd, half), 1);
    return (lp_lanes)_mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 31), high);
#elif LP_AVX2
    const __m256i half = _mm256_set1_epi64x(1 << 30);
    __m256i x[2];
    __m256i m[2];
    memcpy(x, &a, sizeof a);
    memcpy(m, &b, sizeof b);
    LP_UNROLLED for (int32_t i = 0; i < 2; i++) {
        const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(x[i], 32), _mm256_srli_epi64(m[i], 32));
        const __m256i even = _mm256_add_epi64(_mm256_mul_epi32(x[i], m[i]), half);
        const __m256i high = _mm256_slli_epi64(_mm256_add_epi64(odd, half), 1);
        x[i] = _mm256_blend_epi32(_mm256_srli_epi64(even, 31), high, 0xaa);
    }
    memcpy(&a, x, sizeof a);
    return a;
#elif LP_NEON_DOT
    int32x4_t x[4];
    int32x4_t m[4];
    memcpy(x, &a, sizeof a);
    memcpy(m, &b, sizeof b);
    LP_UNROLLED for (int32_t i = 0; i < 4; i++) {
        x[i] = vqrdmulhq_s32(x[i], m[i]);
    }
    memcpy(&a, x, sizeof a);
    return a;
#else
    const lp_wide product = __builtin_convertvector(a, lp_wide) * __builtin_convertvector(b, lp_wide);
    return __builtin_convertvector((product + ((int64_t)1 << 30)) >> 31, lp_lanes);
#endif
}

/* Lanes as bytes, clamped to [low, high]. */
LP_INLINE lp_bytes lp_narrow(lp_lanes v, int32_t low, int32_t high)
{
#if LP_AVX512
    __m128i narrow = _mm512_cvtsepi32_epi8((__m512i)v);
    narrow = _mm_max_epi8(narrow, _mm_set1_epi8((char)low));
    return (lp_bytes)_mm_min_epi8(narrow, _mm_set1_epi8((char)high));
#elif LP_AVX2
    __m256i half[2];
    memcpy(half, &v, sizeof v);
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(half[0], half[1]), 0xd8);
    __m128i narrow = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    narrow = _mm_max_epi8(narrow, _mm_set1_epi8((char)low));
    return (lp_bytes)_mm_min_epi8(narrow, _mm_set1_epi8((char)high));
#elif LP_NEON_DOT
    int32x4_t part[4];
    memcpy(part, &v, sizeof v);
    const int16x8_t first = vcombine_s16(vqmovn_s32(part[0]), vqmovn_s32(part[1]));
    const int16x8_t second = vcombine_s16(vqmovn_s32(part[2]), vqmovn_s32(part[3]));
    int8x16_t narrow = vcombine_s8(vqmovn_s16(first), vqmovn_s16(second));
    narrow = vminq_s8(vmaxq_s8(narrow, vdupq_n_s8((int8_t)low)), vdupq_n_s8((int8_t)high));
    return (lp_bytes)narrow;
#else
    const lp_lanes least = lp_all(low);
    const lp_lanes most = lp_all(high);
    lp_lanes below = v < least;
    v = (least & below) | (v & ~below);
    below = v < most;
    v = (v & below) | (most & ~below);
    return __builtin_convertvector(v, lp_bytes);
#endif
}

/* The first `count` bytes, 1 or more; all of them from 16 on. */
LP_INLINE void lp_store_bytes(int8_t *to, lp_bytes v, int32_t count)
{
    if (count >= LP_LANES) {
        memcpy(to, &v, sizeof v);
        return;
    }
#if LP_AVX512
    _mm_mask_storeu_epi8(to, (__mmask16)((1u << count) - 1u), (__m128i)v);
#else
    int8_t all[LP_LANES];
    memcpy(all, &v, sizeof v);
    int32_t at = 0;
    if ((count & 8) != 0) {
        memcpy(to, all, 8);
        at = 8;
    }
    for (; at < count; at++) {
        to[at] = all[at];
    }
#endif
}

#endif
