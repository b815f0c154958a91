/* lp_frame_s8: an image inside a frame of its zero point, so that no window leaves it.
 *
 * Layout    x[in_h][in_w][c], y[h][w][c] and `slack` bytes behind it, for kernels that read whole words or vectors
 * Value     y[i][j] = x[i - top][j - left] inside the image, `fill` elsewhere and in the slack; rows and columns of the
 *           image that lie outside the frame are left out
 * Ranges    top, left, slack 0 or more; h, w 1 or more.
 * Memory    scratch 0 bytes; no heap.
 * Aliasing  y overlaps nothing.
 * Failure   none at run time.
 */
#ifndef LP_FRAME_S8_H
#define LP_FRAME_S8_H

#include <stdint.h>

typedef struct {
    int32_t in_h;
    int32_t in_w;
    int32_t c;
    int32_t h;
    int32_t w;
    int32_t top;
    int32_t left;
    int32_t slack;
    int32_t fill;
} lp_frame_s8_t;

void lp_frame_s8(const lp_frame_s8_t *op, const int8_t *x, int8_t *y);

#endif
