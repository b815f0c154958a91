#include "lp_log_mel_s16.h"

#if defined(__arm__) && defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

/* (a * w) >> 16 on the exact product, w in [-32767, 32767]. */
static inline int32_t lp_half(int32_t a, int32_t w)
{
#if defined(__arm__) && defined(__ARM_FEATURE_DSP)
    return __smlawb(a, w, 0); /* one instruction; not every compiler offers __smulwb */
#elif defined(__ARM_FEATURE_DSP)
    return (int32_t)(((int64_t)a * w) >> 16);
#else
    return (a >> 16) * w + (((a & 0xFFFF) * w) >> 16);
#endif
}

/* sum + lp_half(a, w) */
static inline int32_t lp_half_add(int32_t sum, int32_t a, int32_t w)
{
#if defined(__arm__) && defined(__ARM_FEATURE_DSP)
    return __smlawb(a, w, sum);
#else
    return sum + lp_half(a, w);
#endif
}

/* Number of bits up to the highest one; x > 0. */
static inline int32_t lp_bits(uint32_t x)
{
#if defined(__ARM_FEATURE_CLZ)
    return 32 - (int32_t)__builtin_clz(x);
#else
    int32_t bits = 1;
    for (int32_t step = 16; step > 0; step >>= 1) {
        if ((x >> step) != 0u) {
            x >>= step;
            bits += step;
        }
    }
    return bits;
#endif
}

/* 1024 * log2(x), 2^15 <= x < 2^63. */
static int32_t lp_log2_q10(uint64_t x, const uint16_t *table)
{
    const uint32_t high = (uint32_t)(x >> 32), word = (uint32_t)x;
    const int32_t n = high != 0u ? 31 + lp_bits(high) : lp_bits(word) - 1;
    const int32_t down = n - 15; /* by halves: a 64-bit shift is a call on the smallest cores */
    const uint32_t top = down > 31 ? high >> (down - 32) : (down > 0 ? (high << (32 - down)) | (word >> down) : word);
    const int32_t f = (int32_t)(top & 0x7FFFu);
    const int32_t low = table[f >> 10];
    const int32_t next = table[(f >> 10) + 1];
    const int32_t between = low * 1024 + (next - low) * (f & 1023); /* at most 2^25 */
    return n * 1024 + ((between + (1 << 14)) >> 15);
}

/* log2 of n^2 times the clip's variance. */
static int32_t lp_level(const lp_log_mel_s16_t *op, const int16_t *x)
{
    int32_t sum = 0; /* |sum| <= 65535 * 2^15 < 2^31 */
    uint64_t squares = 0;
    for (int32_t i = 0; i < op->samples; i++) {
        sum += x[i];
        squares += (uint32_t)((int32_t)x[i] * x[i]);
    }
    /* Cauchy and Schwarz: the difference is not negative. */
    const uint64_t total = (uint64_t)(uint32_t)op->samples * squares - (uint64_t)((int64_t)sum * sum);
    return lp_log2_q10(total > op->quiet ? total : op->quiet, op->log2);
}

/* Windowed frame, shifted up, in the order that the transform wants. Returns the shift s. */
static int32_t lp_load(const lp_log_mel_s16_t *op, const int16_t *x, int32_t *z)
{
    int32_t all = 1;
    for (int32_t i = 0; i < op->frame; i++) {
        all |= x[i] ^ (x[i] >> 15);
    }
    const int32_t up = 15 - lp_bits((uint32_t)all);
    const int32_t gain = (int32_t)((uint32_t)1 << up);
    const int32_t pairs = op->frame / 2;
    const int16_t *w = op->window;
    for (int32_t i = 0; i < pairs; i++) {
        int32_t *to = z + 2 * op->reverse[i];
        to[0] = (x[2 * i] * gain * w[2 * i]) >> 6; /* |x * gain| <= 2^15 */
        to[1] = (x[2 * i + 1] * gain * w[2 * i + 1]) >> 6;
    }
    for (int32_t i = pairs; i < op->fft / 2; i++) {
        int32_t *to = z + 2 * op->reverse[i];
        to[0] = 2 * i < op->frame ? (x[2 * i] * gain * w[2 * i]) >> 6 : 0;
        to[1] = 0;
    }
    return up;
}

static void lp_radix2(int32_t *z, int32_t count)
{
    for (int32_t i = 0; i < count; i += 2, z += 4) {
        const int32_t ar = z[0], ai = z[1], br = z[2], bi = z[3];
        z[0] = ar + br;
        z[1] = ai + bi;
        z[2] = ar - br;
        z[3] = ai - bi;
    }
}

/* The four sums of numbers that are halved and turned already, back to their places, `far` words apart. */
static inline void lp_cross(int32_t *z, int32_t far, int32_t ar, int32_t ai, int32_t br, int32_t bi, int32_t cr,
                            int32_t ci, int32_t dr, int32_t di)
{
    const int32_t even_r = ar + cr, even_i = ai + ci, odd_r = br + dr, odd_i = bi + di;
    const int32_t less_r = ar - cr, less_i = ai - ci, turn_r = br - dr, turn_i = bi - di;
    z[0] = even_r + odd_r;
    z[1] = even_i + odd_i;
    z[far] = less_r + turn_i;
    z[far + 1] = less_i - turn_r;
    z[2 * far] = even_r - odd_r;
    z[2 * far + 1] = even_i - odd_i;
    z[3 * far] = less_r - turn_i;
    z[3 * far + 1] = less_i + turn_r;
}

/* One radix-4 stage over `count` numbers; `length` of them make a quarter, and twiddles are `step` values apart.
 * Bit-reversed order has the quarters as 0, 2, 1, 3. */
static void lp_radix4(int32_t *z, int32_t count, int32_t length, const int16_t *twiddle, int32_t step)
{
    const int32_t far = 2 * length;
    int32_t *const end = z + 2 * count;
    for (int32_t *p = z; p < end; p += 4 * far) {
        lp_cross(p, far, p[0] >> 1, p[1] >> 1, p[2 * far] >> 1, p[2 * far + 1] >> 1, p[far] >> 1, p[far + 1] >> 1,
                 p[3 * far] >> 1, p[3 * far + 1] >> 1);
    }
    for (int32_t j = 1; j < length; j++) {
        const int16_t *const w = twiddle + j * step;
        const int32_t c1 = w[0], s1 = w[1];
        const int32_t c2 = twiddle[2 * j * step], s2 = twiddle[2 * j * step + 1];
        const int32_t c3 = twiddle[3 * j * step], s3 = twiddle[3 * j * step + 1];
        for (int32_t *p = z + 2 * j; p < end; p += 4 * far) {
            const int32_t cr = p[far], ci = p[far + 1];
            const int32_t br = p[2 * far], bi = p[2 * far + 1];
            const int32_t dr = p[3 * far], di = p[3 * far + 1];
            lp_cross(p, far, p[0] >> 1, p[1] >> 1, /* the other three turned by their twiddles */
                     lp_half_add(lp_half(br, c1), bi, s1), lp_half(bi, c1) - lp_half(br, s1),
                     lp_half_add(lp_half(cr, c2), ci, s2), lp_half(ci, c2) - lp_half(cr, s2),
                     lp_half_add(lp_half(dr, c3), di, s3), lp_half(di, c3) - lp_half(dr, s3));
        }
    }
}

/* From the transform of even + i * odd to that of the real signal: bins 1 .. fft / 2 - 1 in their places. */
static void lp_separate(int32_t *z, int32_t count, const int16_t *twiddle)
{
    int32_t *a = z + 2;
    int32_t *b = z + 2 * (count - 1);
    for (const int16_t *w = twiddle + 2; a < b; a += 2, b -= 2, w += 2) {
        const int32_t even_r = (a[0] + b[0]) >> 1, even_i = (a[1] - b[1]) >> 1;
        const int32_t dr = a[0] - b[0], di = a[1] + b[1];
        const int32_t turned_r = lp_half(di, w[0]) - lp_half(dr, w[1]);
        const int32_t turned_i = -lp_half(dr, w[0]) - lp_half(di, w[1]);
        a[0] = even_r + turned_r;
        a[1] = even_i + turned_i;
        b[0] = even_r - turned_r;
        b[1] = even_i - turned_i;
    }
}

/* One row of y from the spectrum. */
static void lp_bands(const lp_log_mel_s16_t *op, const int32_t *z, int32_t up, int32_t offset, int8_t *y)
{
    const int32_t first = op->edge[0], last = op->edge[op->bands + 1];
    int32_t all = 1;
    for (const int32_t *p = z + 2 * first; p < z + 2 * last; p += 2) {
        all |= (p[0] ^ (p[0] >> 31)) | (p[1] ^ (p[1] >> 31));
    }
    const int32_t more = 31 - lp_bits((uint32_t)all);
    const int32_t gain = (int32_t)((uint32_t)1 << more);
    const int32_t base = offset - 2048 * (up + more);
    const uint16_t *rise = op->rise;
    const int32_t *p = z + 2 * first;
    uint64_t before = 0;
    for (int32_t b = 0; b <= op->bands; b++) {
        uint64_t rising = 0, whole = 0;
        for (int32_t k = op->edge[b]; k < op->edge[b + 1]; k++, p += 2, rise++) {
            const int32_t re = p[0] * gain, im = p[1] * gain;
            /* Each square is at most 2^62. */
            const uint64_t sum = (uint64_t)((int64_t)re * re) + (uint64_t)((int64_t)im * im);
            const uint32_t power = (uint32_t)(sum >> 32);
            rising += (uint64_t)power * *rise;
            whole += power;
        }
        if (b > 0) {
            const uint64_t energy = before + (whole << 15) - rising + ((uint64_t)1 << 15);
            const int32_t t = lp_log2_q10(energy, op->log2) + base;
            const int32_t q = ((t * op->mult + (1 << (op->shift - 1))) >> op->shift) + op->zero_point;
            y[b - 1] = (int8_t)(q < -128 ? -128 : (q > 127 ? 127 : q));
        }
        before = rising;
    }
}

void lp_log_mel_s16(const lp_log_mel_s16_t *op, const int16_t *x, int8_t *y, void *scratch)
{
    int32_t *const z = scratch;
    const int32_t count = op->fft / 2;
    int32_t stages = 0;
    while ((count >> stages) > 1) {
        stages++;
    }
    const int32_t offset = op->bias - (op->level != 0 ? lp_level(op, x) : 0);
    for (int32_t t = 0; t < op->frames; t++, x += op->hop, y += op->bands) {
        const int32_t up = lp_load(op, x, z);
        int32_t length = 1, step = op->fft / 2; /* 2 * fft / (4 * length) */
        if ((stages & 1) != 0) {
            lp_radix2(z, count);
            length = 2;
            step >>= 1;
        }
        for (; length < count; length *= 4, step >>= 2) {
            lp_radix4(z, count, length, op->twiddle, step);
        }
        lp_separate(z, count, op->twiddle);
        lp_bands(op, z, up, offset, y);
    }
}
