/* The instructions of the Arm vector extension for M-profile (Helium) that the kernels `*_mve` use, and the same in
 * plain C elsewhere, bit for bit, so that those kernels can be run and checked on any machine.
 *
 * A vector has 128 bits: 16 int8, 8 int16 or 4 int32 ("lanes"). Sums wrap. A "first" form touches only the first
 * `count` elements in memory (count from 0 up; all lanes when it is more) and reads zeros for the others.
 */
#ifndef LP_MVE_H
#define LP_MVE_H

#include <stdint.h>

#if defined(__ARM_FEATURE_MVE)
#define LP_MVE_NATIVE 1
#include <arm_mve.h>
#else
#define LP_MVE_NATIVE 0
#endif

#if LP_MVE_NATIVE

typedef int8x16_t lp_s8x16;
typedef uint8x16_t lp_u8x16;
typedef int16x8_t lp_s16x8;
typedef uint16x8_t lp_u16x8;
typedef int32x4_t lp_s32x4;
typedef uint32x4_t lp_u32x4;
typedef mve_pred16_t lp_mask; /* a bit for each byte */

/* ---- 16 lanes of int8 */

static inline lp_s8x16 lp_vload_s8(const int8_t *from) { return vldrbq_s8(from); }

static inline lp_s8x16 lp_vload_s8_first(const int8_t *from, int32_t count)
{
    return vldrbq_z_s8(from, vctp8q((uint32_t)count));
}

static inline void lp_vstore_s8(int8_t *to, lp_s8x16 v) { vstrbq_s8(to, v); }

static inline void lp_vstore_s8_first(int8_t *to, lp_s8x16 v, int32_t count)
{
    vstrbq_p_s8(to, v, vctp8q((uint32_t)count));
}

static inline lp_s8x16 lp_vsplat_s8(int32_t x) { return vdupq_n_s8((int8_t)x); }

static inline lp_s8x16 lp_vmax_s8(lp_s8x16 a, lp_s8x16 b) { return vmaxq_s8(a, b); }

static inline lp_s8x16 lp_vmin_s8(lp_s8x16 a, lp_s8x16 b) { return vminq_s8(a, b); }

/* acc + the sum of a[i] * b[i] */
static inline int32_t lp_vdot(int32_t acc, lp_s8x16 a, lp_s8x16 b) { return vmladavaq_s8(acc, a, b); }

/* The sum of a[i] * b[i] */
static inline int32_t lp_vdot_only(lp_s8x16 a, lp_s8x16 b) { return vmladavq_s8(a, b); }

/* acc + the sum of a[i] */
static inline int32_t lp_vsum_s8(int32_t acc, lp_s8x16 a) { return vaddvaq_s8(acc, a); }

static inline lp_u8x16 lp_vload_u8(const uint8_t *from) { return vldrbq_u8(from); }

/* base[offsets[i]] where the mask has bit i, else 0 */
static inline lp_s8x16 lp_vgather_s8(const int8_t *base, lp_u8x16 offsets, lp_mask mask)
{
    return vldrbq_gather_offset_z_s8(base, offsets, mask);
}

/* base[v[i] + 128], or base[v[i]], for the first `count` lanes, 0 for the others */
static inline lp_s8x16 lp_vlookup_s8(const int8_t *base, lp_s8x16 v, int32_t count)
{
    const lp_u8x16 index = veorq_u8(vreinterpretq_u8_s8(v), vdupq_n_u8(0x80u));
    return vldrbq_gather_offset_z_s8(base, index, vctp8q((uint32_t)count));
}

static inline lp_u8x16 lp_vload_u8_first(const uint8_t *from, int32_t count)
{
    return vldrbq_z_u8(from, vctp8q((uint32_t)count));
}

static inline lp_s8x16 lp_vlookup_u8(const int8_t *base, lp_u8x16 v, int32_t count)
{
    return vldrbq_gather_offset_z_s8(base, v, vctp8q((uint32_t)count));
}

/* Memory gets a[0] b[0] c[0] d[0] a[1] ...: 64 bytes at an address that is a multiple of 4. */
static inline void lp_vstore_interleaved(int8_t *to, lp_s8x16 a, lp_s8x16 b, lp_s8x16 c, lp_s8x16 d)
{
    int8x16x4_t four;
    four.val[0] = a;
    four.val[1] = b;
    four.val[2] = c;
    four.val[3] = d;
    vst4q_s8(to, four);
}

/* Each of the four words shifted left by 8 bits: lane 4 i + j is v[4 i + j - 1], or 0 for j = 0. */
static inline lp_s8x16 lp_vdown_one(lp_s8x16 v)
{
    return vreinterpretq_s8_s32(vshlq_n_s32(vreinterpretq_s32_s8(v), 8));
}

/* Lane i is v[i - 4], or 0 for i < 4. */
static inline lp_s8x16 lp_vdown_four(lp_s8x16 v)
{
    uint32_t carry = 0;
    return vshlcq_s8(v, &carry, 32);
}

/* The greatest of `most` and the first `count` lanes */
static inline int32_t lp_vmost_first(int32_t most, lp_s8x16 a, int32_t count)
{
    return vmaxvq_p_s8((int8_t)most, a, vctp8q((uint32_t)count));
}

/* ---- 8 lanes, bytes in memory */

/* base[offsets[i]] for the first `count` lanes, 0 for the others */
static inline lp_s16x8 lp_vgather_s16_first(const int8_t *base, lp_u16x8 offsets, int32_t count)
{
    return vldrbq_gather_offset_z_s16(base, offsets, vctp16q((uint32_t)count));
}

/* The low bytes of the first `count` lanes */
static inline void lp_vstore_s16_first(int8_t *to, lp_s16x8 v, int32_t count)
{
    vstrbq_p_s16(to, v, vctp16q((uint32_t)count));
}

/* 0, step, 2 * step, ... */
static inline lp_u16x8 lp_vsteps_u16(int32_t step)
{
    return vmulq_n_u16(vidupq_n_u16(0u, 1), (uint16_t)step);
}

/* ---- 4 lanes of int32 */

static inline lp_s32x4 lp_vload_s32(const int32_t *from) { return vldrwq_s32(from); }

/* Four bytes, sign extended */
static inline lp_s32x4 lp_vwiden(const int8_t *from) { return vldrbq_s32(from); }

static inline lp_s32x4 lp_vwiden_first(const int8_t *from, int32_t count)
{
    return vldrbq_z_s32(from, vctp32q((uint32_t)count));
}

/* The low bytes of the lanes */
static inline void lp_vnarrow(int8_t *to, lp_s32x4 v) { vstrbq_s32(to, v); }

static inline void lp_vnarrow_first(int8_t *to, lp_s32x4 v, int32_t count)
{
    vstrbq_p_s32(to, v, vctp32q((uint32_t)count));
}

static inline lp_s32x4 lp_vset(int32_t a, int32_t b, int32_t c, int32_t d)
{
    const lp_s32x4 v = {a, b, c, d};
    return v;
}

static inline lp_s32x4 lp_vsplat(int32_t x) { return vdupq_n_s32(x); }

static inline lp_s32x4 lp_vadd(lp_s32x4 a, lp_s32x4 b) { return vaddq_s32(a, b); }

static inline lp_s32x4 lp_vadd_n(lp_s32x4 a, int32_t b) { return vaddq_n_s32(a, b); }

static inline lp_s32x4 lp_vand(lp_s32x4 a, lp_s32x4 b) { return vandq_s32(a, b); }

static inline lp_s32x4 lp_vmul(lp_s32x4 a, lp_s32x4 b) { return vmulq_s32(a, b); }

/* a + b * n */
static inline lp_s32x4 lp_vmla_n(lp_s32x4 a, lp_s32x4 b, int32_t n) { return vmlaq_n_s32(a, b, n); }

/* a * b + n */
static inline lp_s32x4 lp_vmlas_n(lp_s32x4 a, lp_s32x4 b, int32_t n) { return vmlasq_n_s32(a, b, n); }

static inline lp_s32x4 lp_vmax(lp_s32x4 a, lp_s32x4 b) { return vmaxq_s32(a, b); }

static inline lp_s32x4 lp_vmin(lp_s32x4 a, lp_s32x4 b) { return vminq_s32(a, b); }

/* (a * b + 2^30) >> 31 on the exact product; not for a = b = -2^31 */
static inline lp_s32x4 lp_vhigh_mul(lp_s32x4 a, lp_s32x4 b) { return vqrdmulhq_s32(a, b); }

static inline lp_s32x4 lp_vhigh_mul_n(lp_s32x4 a, int32_t b) { return vqrdmulhq_n_s32(a, b); }

/* -1 for lanes below 0, else 0 */
static inline lp_s32x4 lp_vnegative(lp_s32x4 a) { return vshrq_n_s32(a, 31); }

/* a << bits where bits > 0, a >> -bits rounded down where bits < 0 */
static inline lp_s32x4 lp_vshift_n(lp_s32x4 a, int32_t bits) { return vshlq_r_s32(a, bits); }

static inline lp_s32x4 lp_vshift(lp_s32x4 a, lp_s32x4 bits) { return vshlq_s32(a, bits); }

/* a >> -bits rounded half up, bits in [-31, 0] */
static inline lp_s32x4 lp_vround_shift(lp_s32x4 a, lp_s32x4 bits) { return vrshlq_s32(a, bits); }

static inline lp_s32x4 lp_vround_shift_n(lp_s32x4 a, int32_t bits) { return vrshlq_n_s32(a, bits); }

/* The high words of the products of unsigned lanes */
static inline lp_s32x4 lp_vhigh_mul_u32(lp_s32x4 a, lp_s32x4 b)
{
    return vreinterpretq_s32_u32(vmulhq_u32(vreinterpretq_u32_s32(a), vreinterpretq_u32_s32(b)));
}

static inline lp_s32x4 lp_vabs(lp_s32x4 a) { return vabsq_s32(a); }

/* a + n where a is below 0, else a */
static inline lp_s32x4 lp_vadd_n_negative(lp_s32x4 a, int32_t n)
{
    __asm__("" : "+r"(n)); /* a known constant would be taken from a whole vector register */
    return vaddq_m_n_s32(a, a, n, vcmpltq_n_s32(a, 0));
}

/* -a where sign is below 0, else a */
static inline lp_s32x4 lp_vwith_sign(lp_s32x4 a, lp_s32x4 sign)
{
    return vnegq_m_s32(a, a, vcmpltq_n_s32(sign, 0));
}

/* Clamped to [-128, 127]; the bytes above the lowest of each lane are unspecified. */
static inline lp_s32x4 lp_vsaturate(lp_s32x4 a)
{
    const int16x8_t half = vqmovnbq_s32(vreinterpretq_s16_s32(a), a);
    return vreinterpretq_s32_s8(vqmovnbq_s16(vreinterpretq_s8_s16(half), half));
}

/* acc + the sum of a[i] */
static inline int32_t lp_vsum(int32_t acc, lp_s32x4 a) { return vaddvaq_s32(acc, a); }

/* base[index[i]] for the first `count` lanes whose index is below `end`, 0 for the others */
static inline lp_s32x4 lp_vlookup_s32(const int32_t *base, lp_s32x4 index, int32_t end, int32_t count)
{
    const lp_mask known = vcmpltq_m_n_s32(index, end, vctp32q((uint32_t)count));
    return vldrwq_gather_shifted_offset_z_s32(base, vreinterpretq_u32_s32(index), known);
}

static inline lp_u32x4 lp_voffsets(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const lp_u32x4 v = {a, b, c, d};
    return v;
}

/* Words at base + offsets[i] bytes, each a multiple of 4 */
static inline lp_s8x16 lp_vgather_words(const int8_t *base, lp_u32x4 offsets)
{
    return vreinterpretq_s8_s32(vldrwq_gather_offset_s32((const int32_t *)(const void *)base, offsets));
}

static inline lp_s8x16 lp_vgather_words_first(const int8_t *base, lp_u32x4 offsets, int32_t count)
{
    return vreinterpretq_s8_s32(
        vldrwq_gather_offset_z_s32((const int32_t *)(const void *)base, offsets, vctp32q((uint32_t)count)));
}

static inline void lp_vstore_words_first(int8_t *to, lp_s8x16 v, int32_t count)
{
    vstrwq_p_s32((int32_t *)(void *)to, vreinterpretq_s32_s8(v), vctp32q((uint32_t)count));
}

static inline lp_u32x4 lp_vload_offsets(const int32_t *from) { return vldrwq_u32((const uint32_t *)from); }

/* Lanes' low bytes to base + offsets[i] */
static inline void lp_vscatter(int8_t *base, lp_u32x4 offsets, lp_s32x4 v)
{
    vstrbq_scatter_offset_s32(base, offsets, v);
}

static inline void lp_vscatter_first(int8_t *base, lp_u32x4 offsets, lp_s32x4 v, int32_t count)
{
    vstrbq_scatter_offset_p_s32(base, offsets, v, vctp32q((uint32_t)count));
}

#else

#include "lp_mve_plain.h"

#endif

#endif
