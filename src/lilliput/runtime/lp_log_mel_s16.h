/* lp_log_mel_s16: log-mel energies of one clip of int16 samples, int8 out.
 *
 * Layout    x[samples], y[frames][bands]; rows are packed.
 * Value     T      = n * sum x^2 - (sum x)^2, n = samples;  level_q10 = log2(max(T, quiet)), or 0 without `level`
 *           s      = 15 - bits(or over the frame of (x ^ (x >> 15)) | 1)
 *           v[i]   = (x[i] * 2^s * window[i]) >> 6, 0 from `frame` up to `fft`
 *           X      = real FFT of v: radix-2 once where log2(fft / 2) is odd, then radix-4, each of these halved;
 *                    a product with a Q15 twiddle is (a * w) >> 16 on the exact product, rounded down
 *           h      = 31 - bits(or over the bins of the bands of (re ^ (re >> 31)) | (im ^ (im >> 31)) | 1)
 *           P[k]   = ((re * 2^h)^2 + (im * 2^h)^2) >> 32
 *           E[b]   = sum of rise[k] * P[k] over the bins of [edge[b], edge[b + 1])
 *                  + sum of (2^15 - rise[k]) * P[k] over those of [edge[b + 1], edge[b + 2]) + 2^15
 *           t      = log2(E[b]) - 2048 * (s + h) - level_q10 + bias
 *           y[b]   = clamp(((t * mult + 2^(shift - 1)) >> shift) + zero_point, -128, 127)
 *           log2 in Q10: 15 bits below the highest one, linear between the 33 entries of `log2`, round half up.
 * Ranges    fft a power of two in [16, 2048]; frame <= fft; frame <= samples <= 65535;
 *           frames = 1 + (samples - frame) / hop; 1 <= edge[b] <= edge[b + 1] <= fft / 2; rise in [0, 2^15];
 *           window in [0, 32767]; mult in [0, 2^13); shift in [15, 22]; quiet in [2^15, 2^38].
 *           Then |v| <= 2^24, |Z| < 2^29.5 and |X| < 2^30.5 (complex magnitudes), T < 2^62, E < 2^57, |t| < 2^17:
 *           no sum leaves its type for any x, zeros and full scale included.
 * Memory    scratch 4 * fft bytes, aligned to 4; stack at most 256 bytes; no heap. Without the DSP extension the
 *           transform uses 32-bit products only; the powers need 64-bit ones, a call on cores that have none.
 * Aliasing  x, y and scratch do not overlap.
 * Failure   none at run time: features/log_mel.py checks the ranges when the tables are made.
 *
 * The number of instructions depends on the sizes only, but for a few where a bit length is not one instruction.
 * Shifting a negative number right is arithmetic on every compiler this project supports; the tests hold it.
 */
#ifndef LP_LOG_MEL_S16_H
#define LP_LOG_MEL_S16_H

#include <stdint.h>

typedef struct {
    const int16_t *window;   /* [frame] Q15 */
    const int16_t *twiddle;  /* [3 * fft / 4][2] cos, sin of 2 pi k / fft, Q15 */
    const uint16_t *reverse; /* [fft / 2] bit-reversed places */
    const uint16_t *rise;    /* [edge[bands + 1] - edge[0]] Q15 */
    const uint16_t *edge;    /* [bands + 2] first bin of each slope */
    const uint16_t *log2;    /* [33] Q15 */
    int32_t samples;
    int32_t frame;
    int32_t hop;
    int32_t fft;
    int32_t frames;
    int32_t bands;
    int32_t level; /* 1: the clip's own level is taken away */
    uint64_t quiet;
    int32_t bias;
    int32_t mult;
    int32_t shift;
    int32_t zero_point;
} lp_log_mel_s16_t;

void lp_log_mel_s16(const lp_log_mel_s16_t *op, const int16_t *x, int8_t *y, void *scratch);

#endif
