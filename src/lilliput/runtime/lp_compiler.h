/* Hints to the compiler that change no value.
 *
 * LP_NOINLINE   a function kept by itself, so that its loop has all registers
 * LP_INLINE     a function that is part of each caller, whose constants and registers it shares
 * LP_ROLLED     before a loop that is unrolled by hand as far as the registers go
 * LP_IN_ORDER   four sums are complete here, before what follows begins: on cores with eight registers the compiler
 *               would otherwise hold parts of several sums, and spill them
 * LP_UNROLL4    before a loop whose passes are few instructions
 */
#ifndef LP_COMPILER_H
#define LP_COMPILER_H

#if defined(__GNUC__)
#define LP_NOINLINE __attribute__((noinline))
#define LP_INLINE static inline __attribute__((always_inline))
#else
#define LP_NOINLINE
#define LP_INLINE static inline
#endif

#if defined(__GNUC__) && defined(__thumb__) && !defined(__thumb2__)
#define LP_IN_ORDER(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#else
#define LP_IN_ORDER(a, b, c, d) (void)0
#endif

#if defined(__clang__)
#define LP_ROLLED _Pragma("clang loop unroll(disable)")
#define LP_UNROLL4 _Pragma("clang loop unroll_count(4)")
#elif defined(__GNUC__)
#define LP_ROLLED
#define LP_UNROLL4 _Pragma("GCC unroll 4")
#else
#define LP_ROLLED
#define LP_UNROLL4
#endif

#endif
