/* The vector instructions of RISC-V (Zve32x: integers of up to 32 bits) that the kernels `*_rvv` use, and the same in
 * plain C elsewhere, bit for bit, so that those kernels can be run and checked on any machine.
 *
 * How many bytes a vector register has is the core's affair: each function takes the number of lanes `vl` that
 * lp_n_lanes or lp_w_lanes gave, and leaves lanes behind it alone. There are two families of the same functions: narrow
 * (lp_n_*), with as many lanes as a register has bytes, so that four registers hold them as int32; and wide (lp_w_*),
 * with twice as many in eight. Sums wrap.
 */
#ifndef LP_RVV_H
#define LP_RVV_H

#include <stddef.h>
#include <stdint.h>

#if defined(__riscv_vector) && defined(__clang__)
#define LP_RVV_NATIVE 1
#include <riscv_vector.h>
#else
#define LP_RVV_NATIVE 0
#ifndef LP_RVV_BYTES
#define LP_RVV_BYTES 16 /* of a register that plain C stands for */
#endif
/* Calls and not inlined: whole vectors of plain C in one function take compilers minutes. */
#if defined(__GNUC__)
#define LP_RVV_PLAIN static __attribute__((noinline, unused))
#else
#define LP_RVV_PLAIN static inline
#endif
#endif

/* Offset and clamp of an output. */
typedef struct {
    int32_t offset;
    int32_t least;
    int32_t most;
} lp_rvv_range_t;

/* The sums are complete here, and loads behind it stay behind it: else compilers load more ahead than there are
 * registers for. */
#if LP_RVV_NATIVE
#define LP_RVV_IN_ORDER(acc) __asm__ volatile("" : "+vr"(acc)::"memory")
#else
#define LP_RVV_IN_ORDER(acc) (void)0
#endif

#define LP_RVV_JOIN(a, b) a##b
#define LP_RVV_PASTE(a, b) LP_RVV_JOIN(a, b)

#define LP_V(name) LP_RVV_PASTE(lp_n_, name)
#define LP_E8 1
#define LP_E16 2
#define LP_E32 4
#include "lp_rvv_lanes.h"
#undef LP_V
#undef LP_E8
#undef LP_E16
#undef LP_E32

#define LP_V(name) LP_RVV_PASTE(lp_w_, name)
#define LP_E8 2
#define LP_E16 4
#define LP_E32 8
#include "lp_rvv_lanes.h"
#undef LP_V
#undef LP_E8
#undef LP_E16
#undef LP_E32

/* `count` bytes to where they do not overlap. */
static inline void lp_rvv_copy(int8_t *restrict to, const int8_t *restrict from, int32_t count)
{
#if LP_RVV_NATIVE
    for (size_t vl; count > 0; count -= (int32_t)vl, to += vl, from += vl) {
        vl = __riscv_vsetvl_e8m8((size_t)count);
        __riscv_vse8(to, __riscv_vle8_v_i8m8(from, vl), vl);
    }
#else
    for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
#endif
}

static inline void lp_rvv_fill(int8_t *to, int32_t value, int32_t count)
{
#if LP_RVV_NATIVE
    for (size_t vl; count > 0; count -= (int32_t)vl, to += vl) {
        vl = __riscv_vsetvl_e8m8((size_t)count);
        __riscv_vse8(to, __riscv_vmv_v_x_i8m8((int8_t)value, vl), vl);
    }
#else
    for (int32_t i = 0; i < count; i++) {
        to[i] = (int8_t)value;
    }
#endif
}

#endif
