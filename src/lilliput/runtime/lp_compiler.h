/* Hints to the compiler that change no value.
 *
 * LP_NOINLINE   a function kept by itself, so that its loop has all registers
 * LP_ROLLED     before a loop that is unrolled by hand as far as the registers go
 * LP_IN_ORDER   four sums are complete here, before what follows begins: on cores with eight registers the compiler
 *               would otherwise hold parts of several sums, and spill them
 */
#ifndef LP_COMPILER_H
#define LP_COMPILER_H

#if defined(__GNUC__)
#define LP_NOINLINE __attribute__((noinline))
#else
#define LP_NOINLINE
#endif

#if defined(__GNUC__) && defined(__thumb__) && !defined(__thumb2__)
#define LP_IN_ORDER(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#else
#define LP_IN_ORDER(a, b, c, d) (void)0
#endif

#if defined(__clang__)
#define LP_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define LP_ROLLED
#endif

#endif
