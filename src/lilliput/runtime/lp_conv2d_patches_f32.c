#include "lp_conv2d_patches_f32.h"

#include "lp_compiler.h"

/* `count` floats from `from`, zeros where it is null. Returns where the patch goes on. */
LP_INLINE float *lp_put(float *to, const float *from, int32_t count)
{
    if (from == 0) {
        for (; count > 0; count--) {
            *to++ = 0.0f;
        }
        return to;
    }
    LP_UNROLL4 for (int32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
    return to + count;
}

/* What one output looks at; top and left are the place of tap (0, 0), possibly outside the image. */
static LP_NOINLINE float *lp_patch(const lp_conv2d_patches_f32_t *op, const float *restrict x, int32_t top, int32_t left,
                                   float *restrict to)
{
    const int32_t c_in = op->c_in;
    const int whole = op->dilation_w == 1 && left >= 0 && left + op->kernel_w <= op->in_w;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = top + ky * op->dilation_h;
        if (row < 0 || row >= op->in_h) {
            to = lp_put(to, 0, op->kernel_w * c_in);
            continue;
        }
        const float *line = x + row * op->in_w * c_in;
        if (whole) {
            to = lp_put(to, line + left * c_in, op->kernel_w * c_in);
            continue;
        }
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = left + kx * op->dilation_w;
            to = lp_put(to, column < 0 || column >= op->in_w ? 0 : line + column * c_in, c_in);
        }
    }
    return to;
}

void lp_conv2d_patches_f32(const lp_conv2d_patches_f32_t *op, const float *restrict x, float *restrict y, void *scratch)
{
    float *const patches = (float *)scratch;
    int32_t oy = 0;
    int32_t ox = 0;
    for (int32_t done = 0; done < op->rows.rows;) {
        const int32_t left = op->rows.rows - done;
        const int32_t count = left < 4 ? left : 4;
        float *to = patches;
        for (int32_t i = 0; i < count; i++) {
            to = lp_patch(op, x, oy * op->stride_h - op->pad_top, ox * op->stride_w - op->pad_left, to);
            if (++ox == op->out_w) {
                ox = 0;
                oy++;
            }
        }
        lp_rows_f32_few(&op->rows, count, patches, y + done * op->rows.c_out);
        done += count;
    }
}
