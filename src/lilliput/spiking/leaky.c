/* All time steps of leaky integrate-and-fire neurons, forwards and back.
 *
 * Layout    x[steps][width] and every array of its shape; rows are `width` apart. v and p arrays: [width].
 * Value     h = (decay * (v - rest) + rest) + gain * x, each product and sum rounded once;  s = h >= threshold
 *           or, with levels > 0, floor(h / threshold + 0.5) from 0 to levels
 *           v = h - threshold * s  (subtract)  or  (1 - s) * h + rest * s
 * Backward  works h out again from x, column block by column block, so that forward keeps nothing.
 * Memory    scratch: 2 * steps * LEAKY_BLOCK floats for backward; no heap.
 * Aliasing  nothing overlaps anything.
 * Columns   each call does [from, to) of the width; calls with columns apart may run at the same time.
 */
#include <stdint.h>

enum { LEAKY_BLOCK = 256 };

/* Flags that callers give as constants must reach the loops, or those have branches inside and become no vectors. */
#define INLINED static inline __attribute__((always_inline))

typedef struct {
    int64_t steps, width;
    float decay, gain, threshold, rest, slope, scale;
    int32_t subtract, detach, kind, levels;
} leaky_t;

enum { RECTANGLE, TRIANGLE, SIGMOID, ATAN, FAST_SIGMOID, GAUSSIAN };

INLINED float absolute(float z)
{
    return z < 0.0f ? -z : z;
}

/* e^-z for z >= 0 to about 2 units in the last place; 0 from 87 on. Written so that compilers make vectors of it. */
INLINED float exp_negative(float z)
{
    union {
        int32_t i;
        float f;
    } power;
    const float limited = z < 87.0f ? z : 87.0f;
    const float t = -limited * 1.44269504f;
    const int32_t whole = (int32_t)(t - 0.5f);
    const float k = (float)whole;
    const float r = (-limited - k * 0.693359375f) - k * -2.12194440e-4f;
    float y = 1.9875691500e-4f;
    y = y * r + 1.3981999507e-3f;
    y = y * r + 8.3334519073e-3f;
    y = y * r + 4.1665795894e-2f;
    y = y * r + 1.6666665459e-1f;
    y = y * r + 5.0000001201e-1f;
    y = y * r * r + r + 1.0f;
    power.i = (whole + 127) * (1 << 23);
    return z > 87.0f ? 0.0f : y * power.f + (z - z); /* what is no number stays none */
}

INLINED float density(int32_t kind, float z)
{
    const float a = absolute(z);
    float e, d;
    switch (kind) {
    case RECTANGLE:
        return a < 0.5f ? 1.0f : 0.0f;
    case TRIANGLE:
        return a < 1.0f ? 1.0f - a : 0.0f;
    case SIGMOID:
        e = exp_negative(a);
        d = 1.0f + e;
        return e / (d * d);
    case ATAN:
        d = z * 1.57079633f;
        return 0.5f / (1.0f + d * d);
    case FAST_SIGMOID:
        d = 1.0f + a;
        return 0.5f / (d * d);
    default:
        return exp_negative(0.5f * z * z) * 0.398942280f;
    }
}

/* Which reset there is goes into numbers, so that one loop serves all: v = (1 - clears * s) * h + jump * s. */
typedef struct {
    float clears, jump, attached;
} reset_t;

static reset_t reset_of(const leaky_t *op)
{
    const reset_t zero = {1.0f, op->rest, op->detach ? 0.0f : 1.0f};
    const reset_t subtract = {0.0f, -op->threshold, op->detach ? 0.0f : 1.0f};
    return op->subtract ? subtract : zero;
}

INLINED float advance(const leaky_t *op, float v, float x)
{
    return (op->decay * (v - op->rest) + op->rest) + op->gain * x;
}

INLINED float fire(const leaky_t *op, int counts, float h)
{
    if (!counts) {
        return h >= op->threshold ? 1.0f : 0.0f;
    }
    {
        const float top = (float)op->levels;
        const float level = h / op->threshold + 0.5f;
        const float inside = level > top ? top : level > 0.0f ? level : 0.0f;
        return (float)(int32_t)inside;
    }
}

INLINED float after(reset_t reset, float h, float s)
{
    return (1.0f - reset.clears * s) * h + reset.jump * s;
}

INLINED void forward_columns(const leaky_t *op, int counts, const float *restrict x, float *restrict v,
                             float *restrict s, int64_t from, int64_t to)
{
    const reset_t reset = reset_of(op);
    for (int64_t first = from; first < to; first += LEAKY_BLOCK) {
        const int64_t last = first + LEAKY_BLOCK < to ? first + LEAKY_BLOCK : to;
        for (int64_t t = 0; t < op->steps; t++) {
            const float *restrict xs = x + t * op->width;
            float *restrict ss = s + t * op->width;
            for (int64_t i = first; i < last; i++) {
                const float h = advance(op, v[i], xs[i]);
                const float spikes = fire(op, counts, h);
                ss[i] = spikes;
                v[i] = after(reset, h, spikes);
            }
        }
    }
}

/* v: the state before the first step, and after the call that after the last. */
void lilliput_leaky_forward(const leaky_t *op, const float *restrict x, float *restrict v, float *restrict s,
                            int64_t from, int64_t to)
{
    if (op->levels) {
        forward_columns(op, 1, x, v, s, from, to);
    } else {
        forward_columns(op, 0, x, v, s, from, to);
    }
}

typedef struct {
    const float *x, *v, *by_s;
    float *by_x, *by_v, *scratch;
    double *sums; /* of decay, gain, threshold; null where nobody asks */
} leaky_back_t;

/* One step of one block forwards again. A function of its own, as compilers heed `restrict` of arguments only. */
INLINED void again(leaky_t op, reset_t reset, int counts, const float *restrict xs, float *restrict now,
                   float *restrict v_row, float *restrict h_row, int wants, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float h = advance(&op, now[i], xs[i]);
        h_row[i] = h;
        if (wants) {
            v_row[i] = now[i];
        }
        now[i] = after(reset, h, fire(&op, counts, h));
    }
}

/* One step of one block back: `left` is the derivative by the state after the step, then by that before. */
INLINED void back(leaky_t op, reset_t reset, int kind, int counts, int wants, const float *restrict xs,
                  const float *restrict gs, const float *restrict h_row, const float *restrict v_row,
                  float *restrict left, float *restrict out, float *restrict by_decay, float *restrict by_gain,
                  float *restrict by_threshold, int64_t count)
{
    const float strength = op.scale * op.slope;
    const float top = (float)op.levels;
    for (int64_t i = 0; i < count; i++) {
        const float h = h_row[i], p = left[i], g = gs[i];
        const float s = fire(&op, counts, h);
        const float level = h / op.threshold;
        const float inside = level >= 0.0f && level <= top ? 1.0f / op.threshold : 0.0f;
        const float rise = counts ? inside : strength * density(kind, op.slope * (h - op.threshold));
        const float by_spike = reset.attached * (reset.jump - reset.clears * h) * rise;
        const float through = 1.0f - reset.clears * s + by_spike;
        const float q = g * rise + p * through;
        out[i] = op.gain * q;
        left[i] = op.decay * q;
        if (wants) {
            by_decay[i] += q * (v_row[i] - op.rest);
            by_gain[i] += q * xs[i];
            by_threshold[i] += p * ((reset.clears - 1.0f) * s - by_spike) - g * rise;
        }
    }
}

INLINED void backward_columns(const leaky_t *op, int kind, int counts, int wants, const leaky_back_t *io, int64_t from,
                              int64_t to)
{
    const leaky_t own = *op;
    const reset_t reset = reset_of(op);
    float *hs = io->scratch;
    float *vs = io->scratch + own.steps * LEAKY_BLOCK;
    for (int64_t first = from; first < to; first += LEAKY_BLOCK) {
        const int64_t count = first + LEAKY_BLOCK < to ? LEAKY_BLOCK : to - first;
        float now[LEAKY_BLOCK], sums[3][LEAKY_BLOCK];
        for (int64_t i = 0; i < count; i++) {
            now[i] = io->v[first + i];
            sums[0][i] = sums[1][i] = sums[2][i] = 0.0f;
        }
        for (int64_t t = 0; t < own.steps; t++) {
            again(own, reset, counts, io->x + t * own.width + first, now, vs + t * LEAKY_BLOCK, hs + t * LEAKY_BLOCK,
                  wants, count);
        }
        for (int64_t t = own.steps - 1; t >= 0; t--) {
            const int64_t row = t * own.width + first;
            back(own, reset, kind, counts, wants, io->x + row, io->by_s + row, hs + t * LEAKY_BLOCK,
                 vs + t * LEAKY_BLOCK, io->by_v + first, io->by_x + row, sums[0], sums[1], sums[2], count);
        }
        for (int64_t i = 0; wants && i < count; i++) {
            io->sums[0] += (double)sums[0][i];
            io->sums[1] += (double)sums[1][i];
            io->sums[2] += (double)sums[2][i];
        }
    }
}

INLINED void by_kind(const leaky_t *op, int kind, int counts, const leaky_back_t *io, int64_t from, int64_t to)
{
    if (io->sums) {
        backward_columns(op, kind, counts, 1, io, from, to);
    } else {
        backward_columns(op, kind, counts, 0, io, from, to);
    }
}

/* by_v: derivative by the last state, and after the call that by the first. */
void lilliput_leaky_backward(const leaky_t *op, const leaky_back_t *io, int64_t from, int64_t to)
{
    if (op->levels) {
        by_kind(op, ATAN, 1, io, from, to);
        return;
    }
    switch (op->kind) {
    case RECTANGLE:
        by_kind(op, RECTANGLE, 0, io, from, to);
        return;
    case TRIANGLE:
        by_kind(op, TRIANGLE, 0, io, from, to);
        return;
    case SIGMOID:
        by_kind(op, SIGMOID, 0, io, from, to);
        return;
    case ATAN:
        by_kind(op, ATAN, 0, io, from, to);
        return;
    case FAST_SIGMOID:
        by_kind(op, FAST_SIGMOID, 0, io, from, to);
        return;
    default:
        by_kind(op, GAUSSIAN, 0, io, from, to);
        return;
    }
}
