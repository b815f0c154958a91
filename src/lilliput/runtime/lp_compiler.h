/* Hints to the compiler that change no value.
 *
 * LP_NOINLINE   a function kept by itself, so that its loop has all registers
 * LP_INLINE     a function that is part of each caller, whose constants and registers it shares
 * LP_ROLLED     before a loop that is unrolled by hand as far as the registers go
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
