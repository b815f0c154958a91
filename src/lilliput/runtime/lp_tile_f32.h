/* Sums of products of up to 4 places times 4 channels, held in registers: what float layers with weights are made of.
 *
 * Each load then serves four products. Weights of 4 channels lie side by side for each tap: w[n][4].
 * Each sum is one chain in the order of the taps, whatever the tile.
 */
#ifndef LP_TILE_F32_H
#define LP_TILE_F32_H

#include "lp_compiler.h"
#include "lp_float.h"

typedef struct {
    float a;
    float b;
    float c;
    float d;
} lp_four_t;

typedef struct {
    lp_four_t p;
    lp_four_t q;
    lp_four_t r;
    lp_four_t s;
} lp_tile_t;

LP_INLINE void lp_add_product(lp_four_t *sum, float x, const lp_four_t *w)
{
    sum->a += x * w->a;
    sum->b += x * w->b;
    sum->c += x * w->c;
    sum->d += x * w->d;
}

LP_INLINE lp_four_t lp_load_four(const float *from)
{
    const lp_four_t four = {from[0], from[1], from[2], from[3]};
    return four;
}

LP_INLINE void lp_store_four(float *to, const lp_four_t *four, float low, float high)
{
    to[0] = lp_within(four->a, low, high);
    to[1] = lp_within(four->b, low, high);
    to[2] = lp_within(four->c, low, high);
    to[3] = lp_within(four->d, low, high);
}

/* 4 places, `step` apart in x, times 4 channels, over n neighbouring taps. */
LP_INLINE void lp_tile_taps(lp_tile_t *sum, const float *x, int32_t step, const float *w, int32_t n)
{
    const float *x1 = x + step;
    const float *x2 = x1 + step;
    const float *x3 = x2 + step;
    LP_UNROLL4 for (int32_t i = 0; i < n; i++, w += 4) {
        const lp_four_t four = lp_load_four(w);
        lp_add_product(&sum->p, *x++, &four);
        lp_add_product(&sum->q, *x1++, &four);
        lp_add_product(&sum->r, *x2++, &four);
        lp_add_product(&sum->s, *x3++, &four);
    }
}

/* One place times 4 channels. */
LP_INLINE void lp_four_taps(lp_four_t *sum, const float *x, const float *w, int32_t n)
{
    LP_UNROLL4 for (int32_t i = 0; i < n; i++, w += 4) {
        const lp_four_t four = lp_load_four(w);
        lp_add_product(sum, x[i], &four);
    }
}

/* One place times one channel. */
LP_INLINE float lp_one_taps(float sum, const float *x, const float *w, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        sum += x[i] * w[i];
    }
    return sum;
}

#endif
