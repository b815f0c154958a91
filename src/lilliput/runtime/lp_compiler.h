/* Hints to the compiler that change no value.
 *
 * LP_NOINLINE   a function kept by itself, so that its loop has all registers
 * LP_ROLLED     before a loop that is unrolled by hand as far as the registers go
 */
#ifndef LP_COMPILER_H
#define LP_COMPILER_H

#if defined(__GNUC__)
#define LP_NOINLINE __attribute__((noinline))
#else
#define LP_NOINLINE
#endif

#if defined(__clang__)
#define LP_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define LP_ROLLED
#endif

#endif
