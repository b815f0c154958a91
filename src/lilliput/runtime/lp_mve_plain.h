/* What lp_mve.h declares, in plain C, for cores without the vector extension and for sanitizers. */
#ifndef LP_MVE_PLAIN_H
#define LP_MVE_PLAIN_H

#include <stdint.h>

typedef struct {
    int8_t at[16];
} lp_s8x16;

typedef struct {
    uint8_t at[16];
} lp_u8x16;

typedef struct {
    int16_t at[8];
} lp_s16x8;

typedef struct {
    uint16_t at[8];
} lp_u16x8;

typedef struct {
    int32_t at[4];
} lp_s32x4;

typedef struct {
    uint32_t at[4];
} lp_u32x4;

typedef uint16_t lp_mask;

#define LP_EACH(n) for (int32_t i = 0; i < (n); i++)

static inline lp_s8x16 lp_vload_s8_first(const int8_t *from, int32_t count)
{
    lp_s8x16 v;
    LP_EACH(16) v.at[i] = i < count ? from[i] : 0;
    return v;
}

static inline lp_s8x16 lp_vload_s8(const int8_t *from) { return lp_vload_s8_first(from, 16); }

static inline void lp_vstore_s8_first(int8_t *to, lp_s8x16 v, int32_t count)
{
    LP_EACH(count < 16 ? count : 16) to[i] = v.at[i];
}

static inline void lp_vstore_s8(int8_t *to, lp_s8x16 v) { lp_vstore_s8_first(to, v, 16); }

static inline lp_s8x16 lp_vsplat_s8(int32_t x)
{
    lp_s8x16 v;
    LP_EACH(16) v.at[i] = (int8_t)x;
    return v;
}

static inline lp_s8x16 lp_vmax_s8(lp_s8x16 a, lp_s8x16 b)
{
    LP_EACH(16) a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline lp_s8x16 lp_vmin_s8(lp_s8x16 a, lp_s8x16 b)
{
    LP_EACH(16) a.at[i] = a.at[i] < b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline int32_t lp_vdot(int32_t acc, lp_s8x16 a, lp_s8x16 b)
{
    LP_EACH(16) acc = (int32_t)((uint32_t)acc + (uint32_t)(a.at[i] * b.at[i]));
    return acc;
}

static inline int32_t lp_vdot_only(lp_s8x16 a, lp_s8x16 b) { return lp_vdot(0, a, b); }

static inline int32_t lp_vsum_s8(int32_t acc, lp_s8x16 a)
{
    LP_EACH(16) acc = (int32_t)((uint32_t)acc + (uint32_t)a.at[i]);
    return acc;
}

static inline int32_t lp_vmost_first(int32_t most, lp_s8x16 a, int32_t count)
{
    LP_EACH(count < 16 ? count : 16) most = most > a.at[i] ? most : a.at[i];
    return most;
}

static inline lp_u8x16 lp_vload_u8(const uint8_t *from)
{
    lp_u8x16 v;
    LP_EACH(16) v.at[i] = from[i];
    return v;
}

static inline lp_s8x16 lp_vgather_s8(const int8_t *base, lp_u8x16 offsets, lp_mask mask)
{
    lp_s8x16 v;
    LP_EACH(16) v.at[i] = (mask >> i & 1) != 0 ? base[offsets.at[i]] : 0;
    return v;
}

static inline lp_s8x16 lp_vlookup_s8(const int8_t *base, lp_s8x16 v, int32_t count)
{
    LP_EACH(16) v.at[i] = i < count ? base[v.at[i] + 128] : 0;
    return v;
}

static inline lp_u8x16 lp_vload_u8_first(const uint8_t *from, int32_t count)
{
    lp_u8x16 v;
    LP_EACH(16) v.at[i] = i < count ? from[i] : 0;
    return v;
}

static inline lp_s8x16 lp_vlookup_u8(const int8_t *base, lp_u8x16 v, int32_t count)
{
    lp_s8x16 found;
    LP_EACH(16) found.at[i] = i < count ? base[v.at[i]] : 0;
    return found;
}

static inline void lp_vstore_interleaved(int8_t *to, lp_s8x16 a, lp_s8x16 b, lp_s8x16 c, lp_s8x16 d)
{
    LP_EACH(16)
    {
        to[4 * i] = a.at[i];
        to[4 * i + 1] = b.at[i];
        to[4 * i + 2] = c.at[i];
        to[4 * i + 3] = d.at[i];
    }
}

static inline lp_s8x16 lp_vdown_one(lp_s8x16 v)
{
    lp_s8x16 moved;
    LP_EACH(16) moved.at[i] = i % 4 != 0 ? v.at[i - 1] : 0;
    return moved;
}

static inline lp_s8x16 lp_vdown_four(lp_s8x16 v)
{
    lp_s8x16 moved;
    LP_EACH(16) moved.at[i] = i >= 4 ? v.at[i - 4] : 0;
    return moved;
}

static inline lp_s16x8 lp_vgather_s16_first(const int8_t *base, lp_u16x8 offsets, int32_t count)
{
    lp_s16x8 v;
    LP_EACH(8) v.at[i] = i < count ? base[offsets.at[i]] : 0;
    return v;
}

static inline void lp_vstore_s16_first(int8_t *to, lp_s16x8 v, int32_t count)
{
    LP_EACH(count < 8 ? count : 8) to[i] = (int8_t)(uint8_t)((uint16_t)v.at[i] & 0xffu);
}

static inline lp_u16x8 lp_vsteps_u16(int32_t step)
{
    lp_u16x8 v;
    LP_EACH(8) v.at[i] = (uint16_t)((uint32_t)i * (uint32_t)step);
    return v;
}

static inline lp_s32x4 lp_vload_s32(const int32_t *from)
{
    lp_s32x4 v;
    LP_EACH(4) v.at[i] = from[i];
    return v;
}

static inline lp_s32x4 lp_vwiden_first(const int8_t *from, int32_t count)
{
    lp_s32x4 v;
    LP_EACH(4) v.at[i] = i < count ? from[i] : 0;
    return v;
}

static inline lp_s32x4 lp_vwiden(const int8_t *from) { return lp_vwiden_first(from, 4); }

static inline void lp_vnarrow_first(int8_t *to, lp_s32x4 v, int32_t count)
{
    LP_EACH(count < 4 ? count : 4) to[i] = (int8_t)(uint8_t)((uint32_t)v.at[i] & 0xffu);
}

static inline void lp_vnarrow(int8_t *to, lp_s32x4 v) { lp_vnarrow_first(to, v, 4); }

static inline lp_s32x4 lp_vset(int32_t a, int32_t b, int32_t c, int32_t d)
{
    const lp_s32x4 v = {{a, b, c, d}};
    return v;
}

static inline lp_s32x4 lp_vsplat(int32_t x) { return lp_vset(x, x, x, x); }

static inline lp_s32x4 lp_vadd(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = (int32_t)((uint32_t)a.at[i] + (uint32_t)b.at[i]);
    return a;
}

static inline lp_s32x4 lp_vadd_n(lp_s32x4 a, int32_t b) { return lp_vadd(a, lp_vsplat(b)); }

static inline lp_s32x4 lp_vand(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = (int32_t)((uint32_t)a.at[i] & (uint32_t)b.at[i]);
    return a;
}

static inline lp_s32x4 lp_vmul(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = (int32_t)((uint32_t)a.at[i] * (uint32_t)b.at[i]);
    return a;
}

static inline lp_s32x4 lp_vmla_n(lp_s32x4 a, lp_s32x4 b, int32_t n) { return lp_vadd(a, lp_vmul(b, lp_vsplat(n))); }

static inline lp_s32x4 lp_vmlas_n(lp_s32x4 a, lp_s32x4 b, int32_t n) { return lp_vadd_n(lp_vmul(a, b), n); }

static inline lp_s32x4 lp_vmax(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline lp_s32x4 lp_vmin(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = a.at[i] < b.at[i] ? a.at[i] : b.at[i];
    return a;
}

static inline lp_s32x4 lp_vhigh_mul(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = (int32_t)(((int64_t)a.at[i] * b.at[i] + ((int64_t)1 << 30)) >> 31);
    return a;
}

static inline lp_s32x4 lp_vhigh_mul_n(lp_s32x4 a, int32_t b) { return lp_vhigh_mul(a, lp_vsplat(b)); }

static inline lp_s32x4 lp_vnegative(lp_s32x4 a)
{
    LP_EACH(4) a.at[i] = a.at[i] < 0 ? -1 : 0;
    return a;
}

static inline lp_s32x4 lp_vshift(lp_s32x4 a, lp_s32x4 bits)
{
    LP_EACH(4)
    {
        const uint32_t up = (uint32_t)(bits.at[i] > 0 ? bits.at[i] : 0);
        const int32_t down = bits.at[i] < 0 ? -bits.at[i] : 0;
        a.at[i] = (int32_t)((uint32_t)a.at[i] << up) >> down;
    }
    return a;
}

static inline lp_s32x4 lp_vshift_n(lp_s32x4 a, int32_t bits) { return lp_vshift(a, lp_vsplat(bits)); }

static inline lp_s32x4 lp_vround_shift(lp_s32x4 a, lp_s32x4 bits)
{
    LP_EACH(4) a.at[i] = (int32_t)((a.at[i] + (((int64_t)1 << -bits.at[i]) >> 1)) >> -bits.at[i]);
    return a;
}

static inline lp_s32x4 lp_vround_shift_n(lp_s32x4 a, int32_t bits) { return lp_vround_shift(a, lp_vsplat(bits)); }

static inline lp_s32x4 lp_vhigh_mul_u32(lp_s32x4 a, lp_s32x4 b)
{
    LP_EACH(4) a.at[i] = (int32_t)(uint32_t)(((uint64_t)(uint32_t)a.at[i] * (uint32_t)b.at[i]) >> 32);
    return a;
}

static inline lp_s32x4 lp_vabs(lp_s32x4 a)
{
    LP_EACH(4) a.at[i] = a.at[i] < 0 ? -a.at[i] : a.at[i];
    return a;
}

static inline lp_s32x4 lp_vadd_n_negative(lp_s32x4 a, int32_t n)
{
    LP_EACH(4) a.at[i] += a.at[i] < 0 ? n : 0;
    return a;
}

static inline lp_s32x4 lp_vwith_sign(lp_s32x4 a, lp_s32x4 sign)
{
    LP_EACH(4) a.at[i] = sign.at[i] < 0 ? -a.at[i] : a.at[i];
    return a;
}

static inline lp_s32x4 lp_vsaturate(lp_s32x4 a)
{
    return lp_vmin(lp_vmax(a, lp_vsplat(-128)), lp_vsplat(127));
}

static inline int32_t lp_vsum(int32_t acc, lp_s32x4 a)
{
    LP_EACH(4) acc = (int32_t)((uint32_t)acc + (uint32_t)a.at[i]);
    return acc;
}

static inline lp_s32x4 lp_vlookup_s32(const int32_t *base, lp_s32x4 index, int32_t end, int32_t count)
{
    LP_EACH(4) index.at[i] = i < count && index.at[i] < end ? base[index.at[i]] : 0;
    return index;
}

static inline lp_u32x4 lp_voffsets(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    const lp_u32x4 v = {{a, b, c, d}};
    return v;
}

static inline lp_s8x16 lp_vgather_words_first(const int8_t *base, lp_u32x4 offsets, int32_t count)
{
    lp_s8x16 v = lp_vsplat_s8(0);
    LP_EACH(count < 4 ? 4 * count : 16) v.at[i] = base[offsets.at[i / 4] + (uint32_t)(i % 4)];
    return v;
}

static inline lp_s8x16 lp_vgather_words(const int8_t *base, lp_u32x4 offsets)
{
    return lp_vgather_words_first(base, offsets, 4);
}

static inline void lp_vstore_words_first(int8_t *to, lp_s8x16 v, int32_t count)
{
    lp_vstore_s8_first(to, v, 4 * count);
}

static inline lp_u32x4 lp_vload_offsets(const int32_t *from)
{
    lp_u32x4 v;
    LP_EACH(4) v.at[i] = (uint32_t)from[i];
    return v;
}

static inline void lp_vscatter_first(int8_t *base, lp_u32x4 offsets, lp_s32x4 v, int32_t count)
{
    LP_EACH(count < 4 ? count : 4) base[offsets.at[i]] = (int8_t)(uint8_t)((uint32_t)v.at[i] & 0xffu);
}

static inline void lp_vscatter(int8_t *base, lp_u32x4 offsets, lp_s32x4 v) { lp_vscatter_first(base, offsets, v, 4); }

#undef LP_EACH

#endif
