#include "lp_depthwise_rows_s8.h"

#include "lp_fixed_point.h"

/* One padded row of one channel; `from` is its first pixel, NULL for a row outside the image. */
static void lp_depthwise_gather(const lp_depthwise_rows_s8_t *op, const int8_t *from, int32_t columns, int8_t *to)
{
    const int8_t zero = (int8_t)-op->x_offset;
    for (int32_t j = 0; j < columns; j++) {
        const int32_t column = j - op->pad_left;
        const int inside = from != 0 && column >= 0 && column < op->in_w;
        to[j] = inside ? from[column * op->channels] : zero;
    }
}

/* One output row of one channel from the ring, whose oldest row is number `oldest`. */
static void lp_depthwise_row(const lp_depthwise_rows_s8_t *op, int32_t c, const int8_t *ring, int32_t oldest,
                             int32_t rows, int32_t columns, int8_t *y)
{
    const int8_t *w = op->w + c * op->kernel_h * op->kernel_w;
    for (int32_t ox = 0; ox < op->out_w; ox++, y += op->channels) {
        int32_t acc = op->bias[c];
        for (int32_t ky = 0; ky < op->kernel_h; ky++) {
            const int32_t slot = oldest + ky * op->dilation_h;
            const int8_t *from = ring + (slot < rows ? slot : slot - rows) * columns + ox * op->stride_w;
            for (int32_t kx = 0; kx < op->kernel_w; kx++) {
                acc += (from[kx * op->dilation_w] + op->x_offset) * w[ky * op->kernel_w + kx];
            }
        }
        const int32_t value = lp_requantise(acc, op->mult[c], op->shift[c]) + op->y_offset;
        *y = (int8_t)lp_clamp_s32(value, op->y_min, op->y_max);
    }
}

void lp_depthwise_rows_s8(const lp_depthwise_rows_s8_t *op, const int8_t *x, int8_t *y, void *scratch)
{
    int8_t *ring = (int8_t *)scratch;
    const int32_t rows = (op->kernel_h - 1) * op->dilation_h + 1;
    const int32_t columns = (op->out_w - 1) * op->stride_w + (op->kernel_w - 1) * op->dilation_w + 1;
    for (int32_t c = 0; c < op->channels; c++) {
        int32_t next = -op->pad_top; /* the input row that goes into the ring next, */
        int32_t slot = 0;            /* and where: row r of the image lies in slot (r + pad_top) mod rows */
        for (int32_t oy = 0; oy < op->out_h; oy++) {
            const int32_t end = oy * op->stride_h - op->pad_top + rows;
            for (; next < end; next++) {
                const int inside = next >= 0 && next < op->in_h;
                const int8_t *from = inside ? x + next * op->in_w * op->channels + c : 0;
                lp_depthwise_gather(op, from, columns, ring + slot * columns);
                slot = slot + 1 < rows ? slot + 1 : 0;
            }
            /* `slot` is where the next row goes, which is where the oldest one lies. */
            lp_depthwise_row(op, c, ring, slot, rows, columns, y + oy * op->out_w * op->channels + c);
        }
    }
}
