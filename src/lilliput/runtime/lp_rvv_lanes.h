/* One family of lp_rvv.h, which includes this file once for each: LP_V names it, LP_E8, LP_E16 and LP_E32 are the
 * registers that its lanes take as int8, int16 and int32.
 *
 * Plain C has lanes as arrays, and calls in place of inline functions (lp_rvv.h says why).
 *
 * Requantisation gives the very bytes of lp_requantise (lp_fixed_point.h). `vsmul` is its first rounding exactly.
 * `vnclip` rounds halves up and brings the result to 16 bits, where our rule is away from zero; for a negative number,
 * halves away from zero is the same as halves up of the number less one, because it is an integer: only a half moves.
 * The clamp to 16 bits before the offset moves nothing: what it cuts is far outside the range of an int8 either way.
 */
#if LP_RVV_NATIVE

typedef LP_RVV_PASTE(LP_RVV_PASTE(vint8m, LP_E8), _t) LP_V(s8);
typedef LP_RVV_PASTE(LP_RVV_PASTE(vint16m, LP_E16), _t) LP_V(s16);
typedef LP_RVV_PASTE(LP_RVV_PASTE(vint32m, LP_E32), _t) LP_V(s32);

/* How many of the `left` lanes that are wanted are worked on together. */
static inline size_t LP_V(lanes)(int32_t left)
{
    return LP_RVV_PASTE(__riscv_vsetvl_e8m, LP_E8)((size_t)left);
}

/* ---- int8 */

static inline LP_V(s8) LP_V(load_s8)(const int8_t *from, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vle8_v_i8m, LP_E8)(from, vl);
}

static inline void LP_V(store_s8)(int8_t *to, LP_V(s8) v, size_t vl) { __riscv_vse8(to, v, vl); }

static inline LP_V(s8) LP_V(splat_s8)(int32_t x, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vmv_v_x_i8m, LP_E8)((int8_t)x, vl);
}

static inline LP_V(s8) LP_V(max_s8)(LP_V(s8) a, LP_V(s8) b, size_t vl) { return __riscv_vmax(a, b, vl); }

static inline LP_V(s8) LP_V(clamp_s8)(LP_V(s8) v, int32_t least, int32_t most, size_t vl)
{
    return __riscv_vmin(__riscv_vmax(v, (int8_t)least, vl), (int8_t)most, vl);
}

/* base[v[i] + 128], or base[v[i]] with the bits of v as they are where `flip` is 0 */
static inline LP_V(s8) LP_V(lookup_s8)(const int8_t *base, LP_V(s8) v, int32_t flip, size_t vl)
{
    const LP_V(s8) index = __riscv_vxor(v, (int8_t)flip, vl);
    return __riscv_vluxei8(base, LP_RVV_PASTE(__riscv_vreinterpret_u8m, LP_E8)(index), vl);
}

/* ---- int16: int8 in memory */

static inline LP_V(s16) LP_V(load_s16)(const int8_t *from, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vsext_vf2_i16m, LP_E16)(LP_V(load_s8)(from, vl), vl);
}

/* ---- int32 */

static inline LP_V(s32) LP_V(load_s32)(const int32_t *from, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vle32_v_i32m, LP_E32)(from, vl);
}

static inline LP_V(s32) LP_V(widen)(const int8_t *from, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vsext_vf4_i32m, LP_E32)(LP_V(load_s8)(from, vl), vl);
}

static inline LP_V(s32) LP_V(splat)(int32_t x, size_t vl)
{
    return LP_RVV_PASTE(__riscv_vmv_v_x_i32m, LP_E32)(x, vl);
}

static inline LP_V(s32) LP_V(add)(LP_V(s32) a, LP_V(s32) b, size_t vl) { return __riscv_vadd(a, b, vl); }

static inline LP_V(s32) LP_V(add_n)(LP_V(s32) a, int32_t x, size_t vl) { return __riscv_vadd(a, x, vl); }

static inline LP_V(s32) LP_V(mul)(LP_V(s32) a, LP_V(s32) b, size_t vl) { return __riscv_vmul(a, b, vl); }

static inline LP_V(s32) LP_V(mul_n)(LP_V(s32) a, int32_t x, size_t vl) { return __riscv_vmul(a, x, vl); }

/* acc + a * x */
static inline LP_V(s32) LP_V(mla_n)(LP_V(s32) acc, LP_V(s32) a, int32_t x, size_t vl)
{
    return __riscv_vmacc(acc, x, a, vl);
}

/* acc + a * x from int16 */
static inline LP_V(s32) LP_V(mla_s16_n)(LP_V(s32) acc, LP_V(s16) a, int32_t x, size_t vl)
{
    return __riscv_vwmacc(acc, (int16_t)x, a, vl);
}

/* acc + a * b from int16 */
static inline LP_V(s32) LP_V(mla_s16)(LP_V(s32) acc, LP_V(s16) a, LP_V(s16) b, size_t vl)
{
    return __riscv_vwmacc(acc, a, b, vl);
}

/* acc + a from int16 */
static inline LP_V(s32) LP_V(add_s16)(LP_V(s32) acc, LP_V(s16) a, size_t vl)
{
    return __riscv_vwadd_wv(acc, a, vl);
}

/* The sum of the lanes and x. */
static inline int32_t LP_V(sum)(LP_V(s32) a, int32_t x, size_t vl)
{
    const vint32m1_t start = __riscv_vmv_s_x_i32m1(x, 1);
    return __riscv_vmv_x(__riscv_vredsum(a, start, vl));
}

static inline LP_V(s32) LP_V(left_n)(LP_V(s32) a, int32_t bits, size_t vl)
{
    return __riscv_vsll(a, (size_t)bits, vl);
}

/* Rounded down. */
static inline LP_V(s32) LP_V(right_n)(LP_V(s32) a, int32_t bits, size_t vl)
{
    return __riscv_vsra(a, (size_t)bits, vl);
}

/* a / count, halves away from zero, where inverse is 2^32 / count rounded up and count is above 1 */
static inline LP_V(s32) LP_V(mean)(LP_V(s32) a, int32_t count, uint32_t inverse, size_t vl)
{
    const LP_V(s32) sign = __riscv_vsra(a, 31, vl);
    const LP_V(s32) size = __riscv_vadd(__riscv_vsub(__riscv_vxor(a, sign, vl), sign, vl), count / 2, vl);
    const LP_V(s32) made = LP_RVV_PASTE(__riscv_vreinterpret_i32m, LP_E32)(
        __riscv_vmulhu(LP_RVV_PASTE(__riscv_vreinterpret_u32m, LP_E32)(size), inverse, vl));
    return __riscv_vsub(__riscv_vxor(made, sign, vl), sign, vl);
}

/* Brought into int8. */
static inline LP_V(s8) LP_V(saturate)(LP_V(s32) a, size_t vl)
{
    return __riscv_vnclip(__riscv_vnclip(a, 0, __RISCV_VXRM_RNU, vl), 0, __RISCV_VXRM_RNU, vl);
}

static inline LP_V(s8) LP_V(into_range)(LP_V(s16) a, const lp_rvv_range_t *y, size_t vl)
{
    const LP_V(s16) moved = __riscv_vsadd(a, (int16_t)y->offset, vl);
    return LP_V(clamp_s8)(__riscv_vnclip(moved, 0, __RISCV_VXRM_RNU, vl), y->least, y->most, vl);
}

/* The first rounding of lanes of different channels, every shift below 0. */
static inline LP_V(s32) LP_V(scale)(LP_V(s32) acc, const int32_t *mult, size_t vl)
{
    const LP_V(s32) t = __riscv_vsmul(acc, LP_V(load_s32)(mult, vl), __RISCV_VXRM_RNU, vl);
    return __riscv_vadd(t, __riscv_vsra(t, 31, vl), vl);
}

/* The second, offset and clamp. */
static inline LP_V(s8) LP_V(shift_right)(LP_V(s32) t, const int8_t *shift, const lp_rvv_range_t *y, size_t vl)
{
    const LP_V(s16) right = __riscv_vneg(LP_V(load_s16)(shift, vl), vl);
    return LP_V(into_range)(
        __riscv_vnclip(t, LP_RVV_PASTE(__riscv_vreinterpret_u16m, LP_E16)(right), __RISCV_VXRM_RNU, vl), y, vl);
}

/* Lanes of different channels, any shift. */
static inline LP_V(s8) LP_V(requantise)(LP_V(s32) acc, const int32_t *mult, const int8_t *shift,
                                        const lp_rvv_range_t *y, size_t vl)
{
    const LP_V(s32) wide = LP_V(widen)(shift, vl);
    const LP_V(s32) up = __riscv_vmax(wide, 0, vl);
    const LP_V(s32) raised = __riscv_vsll(acc, LP_RVV_PASTE(__riscv_vreinterpret_u32m, LP_E32)(up), vl);
    const LP_V(s32) t = __riscv_vsmul(raised, LP_V(load_s32)(mult, vl), __RISCV_VXRM_RNU, vl);
    const LP_V(s32) away = __riscv_vadd(t, __riscv_vsra(__riscv_vand(t, wide, vl), 31, vl), vl);
    const LP_V(s16) right = __riscv_vmax(__riscv_vneg(LP_V(load_s16)(shift, vl), vl), 0, vl);
    return LP_V(into_range)(
        __riscv_vnclip(away, LP_RVV_PASTE(__riscv_vreinterpret_u16m, LP_E16)(right), __RISCV_VXRM_RNU, vl), y, vl);
}

/* All lanes with one factor, shift 0 or less; stays int32. */
static inline LP_V(s32) LP_V(scale_down)(LP_V(s32) acc, int32_t mult, int32_t shift, size_t vl)
{
    LP_V(s32) t = __riscv_vsmul(acc, mult, __RISCV_VXRM_RNU, vl);
    if (shift < 0) {
        t = __riscv_vadd(t, __riscv_vsra(t, 31, vl), vl);
    }
    return __riscv_vssra(t, (size_t)-shift, __RISCV_VXRM_RNU, vl);
}

#else

typedef struct {
    int8_t at[LP_E8 * LP_RVV_BYTES];
} LP_V(s8);

typedef struct {
    int16_t at[LP_E8 * LP_RVV_BYTES];
} LP_V(s16);

typedef struct {
    int32_t at[LP_E8 * LP_RVV_BYTES];
} LP_V(s32);

LP_RVV_PLAIN size_t LP_V(lanes)(int32_t left)
{
    return left < LP_E8 * LP_RVV_BYTES ? (size_t)left : (size_t)(LP_E8 * LP_RVV_BYTES);
}

LP_RVV_PLAIN LP_V(s8) LP_V(load_s8)(const int8_t *from, size_t vl)
{
    LP_V(s8) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = from[i];
    }
    return made;
}

LP_RVV_PLAIN void LP_V(store_s8)(int8_t *to, LP_V(s8) v, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        to[i] = v.at[i];
    }
}

LP_RVV_PLAIN LP_V(s8) LP_V(splat_s8)(int32_t x, size_t vl)
{
    LP_V(s8) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = (int8_t)x;
    }
    return made;
}

LP_RVV_PLAIN LP_V(s8) LP_V(max_s8)(LP_V(s8) a, LP_V(s8) b, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] = a.at[i] > b.at[i] ? a.at[i] : b.at[i];
    }
    return a;
}

LP_RVV_PLAIN LP_V(s8) LP_V(clamp_s8)(LP_V(s8) v, int32_t least, int32_t most, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        const int32_t x = v.at[i] < least ? least : v.at[i];
        v.at[i] = (int8_t)(x > most ? most : x);
    }
    return v;
}

LP_RVV_PLAIN LP_V(s8) LP_V(lookup_s8)(const int8_t *base, LP_V(s8) v, int32_t flip, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        v.at[i] = base[(v.at[i] ^ flip) & 0xff];
    }
    return v;
}

LP_RVV_PLAIN LP_V(s16) LP_V(load_s16)(const int8_t *from, size_t vl)
{
    LP_V(s16) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = from[i];
    }
    return made;
}

LP_RVV_PLAIN LP_V(s32) LP_V(load_s32)(const int32_t *from, size_t vl)
{
    LP_V(s32) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = from[i];
    }
    return made;
}

LP_RVV_PLAIN LP_V(s32) LP_V(widen)(const int8_t *from, size_t vl)
{
    LP_V(s32) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = from[i];
    }
    return made;
}

LP_RVV_PLAIN LP_V(s32) LP_V(splat)(int32_t x, size_t vl)
{
    LP_V(s32) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        made.at[i] = x;
    }
    return made;
}

LP_RVV_PLAIN LP_V(s32) LP_V(add)(LP_V(s32) a, LP_V(s32) b, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] = (int32_t)((uint32_t)a.at[i] + (uint32_t)b.at[i]);
    }
    return a;
}

LP_RVV_PLAIN LP_V(s32) LP_V(add_n)(LP_V(s32) a, int32_t x, size_t vl) { return LP_V(add)(a, LP_V(splat)(x, vl), vl); }

LP_RVV_PLAIN LP_V(s32) LP_V(mul)(LP_V(s32) a, LP_V(s32) b, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] = (int32_t)((uint32_t)a.at[i] * (uint32_t)b.at[i]);
    }
    return a;
}

LP_RVV_PLAIN LP_V(s32) LP_V(mul_n)(LP_V(s32) a, int32_t x, size_t vl) { return LP_V(mul)(a, LP_V(splat)(x, vl), vl); }

LP_RVV_PLAIN LP_V(s32) LP_V(mla_n)(LP_V(s32) acc, LP_V(s32) a, int32_t x, size_t vl)
{
    return LP_V(add)(acc, LP_V(mul_n)(a, x, vl), vl);
}

LP_RVV_PLAIN LP_V(s32) LP_V(mla_s16_n)(LP_V(s32) acc, LP_V(s16) a, int32_t x, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        acc.at[i] = (int32_t)((uint32_t)acc.at[i] + (uint32_t)(a.at[i] * (int16_t)x));
    }
    return acc;
}

LP_RVV_PLAIN LP_V(s32) LP_V(mla_s16)(LP_V(s32) acc, LP_V(s16) a, LP_V(s16) b, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        acc.at[i] = (int32_t)((uint32_t)acc.at[i] + (uint32_t)(a.at[i] * b.at[i]));
    }
    return acc;
}

LP_RVV_PLAIN LP_V(s32) LP_V(add_s16)(LP_V(s32) acc, LP_V(s16) a, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        acc.at[i] = (int32_t)((uint32_t)acc.at[i] + (uint32_t)(int32_t)a.at[i]);
    }
    return acc;
}

LP_RVV_PLAIN int32_t LP_V(sum)(LP_V(s32) a, int32_t x, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        x = (int32_t)((uint32_t)x + (uint32_t)a.at[i]);
    }
    return x;
}

LP_RVV_PLAIN LP_V(s32) LP_V(left_n)(LP_V(s32) a, int32_t bits, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] = (int32_t)((uint32_t)a.at[i] << bits);
    }
    return a;
}

LP_RVV_PLAIN LP_V(s32) LP_V(right_n)(LP_V(s32) a, int32_t bits, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] >>= bits;
    }
    return a;
}

LP_RVV_PLAIN LP_V(s32) LP_V(mean)(LP_V(s32) a, int32_t count, uint32_t inverse, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        const uint32_t size = (uint32_t)(a.at[i] < 0 ? -a.at[i] : a.at[i]) + (uint32_t)(count / 2);
        const int32_t made = (int32_t)(((uint64_t)size * inverse) >> 32);
        a.at[i] = a.at[i] < 0 ? -made : made;
    }
    return a;
}

/* a shifted right, halves up, brought into int16. */
LP_RVV_PLAIN LP_V(s16) LP_V(clip_s16)(LP_V(s32) a, LP_V(s32) bits, size_t vl)
{
    LP_V(s16) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        const int32_t places = bits.at[i] & 31;
        const int64_t x = ((int64_t)a.at[i] + (((int64_t)1 << places) >> 1)) >> places;
        made.at[i] = (int16_t)(x < INT16_MIN ? INT16_MIN : (x > INT16_MAX ? INT16_MAX : x));
    }
    return made;
}

/* a + x brought into int16, then into int8. */
LP_RVV_PLAIN LP_V(s8) LP_V(clip_s8)(LP_V(s16) a, int32_t x, size_t vl)
{
    LP_V(s8) made = {{0}};
    for (size_t i = 0; i < vl; i++) {
        const int32_t sum = a.at[i] + x;
        made.at[i] = (int8_t)(sum < INT8_MIN ? INT8_MIN : (sum > INT8_MAX ? INT8_MAX : sum));
    }
    return made;
}

/* (a * b + 2^30) >> 31 */
LP_RVV_PLAIN LP_V(s32) LP_V(high_mul)(LP_V(s32) a, LP_V(s32) b, size_t vl)
{
    for (size_t i = 0; i < vl; i++) {
        a.at[i] = (int32_t)(((int64_t)a.at[i] * b.at[i] + ((int64_t)1 << 30)) >> 31);
    }
    return a;
}

LP_RVV_PLAIN LP_V(s8) LP_V(saturate)(LP_V(s32) a, size_t vl)
{
    return LP_V(clip_s8)(LP_V(clip_s16)(a, LP_V(splat)(0, vl), vl), 0, vl);
}

LP_RVV_PLAIN LP_V(s8) LP_V(into_range)(LP_V(s16) a, const lp_rvv_range_t *y, size_t vl)
{
    return LP_V(clamp_s8)(LP_V(clip_s8)(a, y->offset, vl), y->least, y->most, vl);
}

LP_RVV_PLAIN LP_V(s32) LP_V(scale)(LP_V(s32) acc, const int32_t *mult, size_t vl)
{
    const LP_V(s32) t = LP_V(high_mul)(acc, LP_V(load_s32)(mult, vl), vl);
    return LP_V(add)(t, LP_V(right_n)(t, 31, vl), vl);
}

LP_RVV_PLAIN LP_V(s8) LP_V(shift_right)(LP_V(s32) t, const int8_t *shift, const lp_rvv_range_t *y, size_t vl)
{
    const LP_V(s32) right = LP_V(mul_n)(LP_V(widen)(shift, vl), -1, vl);
    return LP_V(into_range)(LP_V(clip_s16)(t, right, vl), y, vl);
}

LP_RVV_PLAIN LP_V(s8) LP_V(requantise)(LP_V(s32) acc, const int32_t *mult, const int8_t *shift,
                                        const lp_rvv_range_t *y, size_t vl)
{
    LP_V(s32) right = LP_V(splat)(0, vl);
    LP_V(s32) away = LP_V(splat)(0, vl);
    for (size_t i = 0; i < vl; i++) {
        right.at[i] = shift[i] < 0 ? -shift[i] : 0;
        acc.at[i] = (int32_t)((uint32_t)acc.at[i] << (shift[i] > 0 ? shift[i] : 0));
    }
    const LP_V(s32) t = LP_V(high_mul)(acc, LP_V(load_s32)(mult, vl), vl);
    for (size_t i = 0; i < vl; i++) {
        away.at[i] = shift[i] < 0 && t.at[i] < 0 ? -1 : 0;
    }
    return LP_V(into_range)(LP_V(clip_s16)(LP_V(add)(t, away, vl), right, vl), y, vl);
}

LP_RVV_PLAIN LP_V(s32) LP_V(scale_down)(LP_V(s32) acc, int32_t mult, int32_t shift, size_t vl)
{
    LP_V(s32) t = LP_V(high_mul)(acc, LP_V(splat)(mult, vl), vl);
    for (size_t i = 0; i < vl; i++) {
        const int64_t x = (int64_t)t.at[i] - (shift < 0 && t.at[i] < 0 ? 1 : 0);
        t.at[i] = (int32_t)((x + (((int64_t)1 << -shift) >> 1)) >> -shift);
    }
    return t;
}

#endif

/* Both roundings of lanes of different channels, every shift below 0. */
static inline LP_V(s8) LP_V(requantise_right)(LP_V(s32) acc, const int32_t *mult, const int8_t *shift,
                                              const lp_rvv_range_t *y, size_t vl)
{
    return LP_V(shift_right)(LP_V(scale)(acc, mult, vl), shift, y, vl);
}
