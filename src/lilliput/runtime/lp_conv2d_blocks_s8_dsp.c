#include "lp_conv2d_blocks_s8_dsp.h"

#include "lp_dsp.h"

/* One patch: where tap (0, 0) lies, which may be outside of the image. */
typedef struct {
    const int8_t *x; /* of the group */
    int32_t top;
    int32_t left;
} lp_patch_t;

/* Byte by byte: a patch that leaves the image, has gaps, or ends with the image. */
static void lp_gather_by_taps(const lp_conv2d_blocks_s8_dsp_t *op, const lp_patch_t *patch, int8_t *to)
{
    const int32_t pixel = op->groups * op->depth;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = patch->top + ky * op->dilation_h;
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = patch->left + kx * op->dilation_w;
            const int inside = row >= 0 && row < op->in_h && column >= 0 && column < op->in_w;
            const int8_t *from = inside ? patch->x + (row * op->in_w + column) * pixel : patch->x;
            for (int32_t i = 0; i < op->depth; i++) {
                *to++ = inside ? from[i] : (int8_t)-op->x_offset;
            }
        }
    }
}

/* The rows of a patch behind one another, by words. */
static void lp_gather_rows(const lp_conv2d_blocks_s8_dsp_t *op, const int8_t *from, int32_t run, int8_t *to)
{
    const int32_t step = op->dilation_h * op->in_w * op->depth;
    for (int32_t ky = 0; ky < op->kernel_h; ky++, from += step, to += run) {
        for (int32_t i = 0; i < run; i += 4) {
            lp_store4(lp_load4(from + i), to + i);
        }
    }
}

/* Real zeros in the place of taps outside of the image. */
static uint32_t *lp_unpack_padding(const lp_conv2d_blocks_s8_dsp_t *op, int32_t count, uint32_t *to)
{
    const uint32_t word = (uint8_t)-op->x_offset * 0x01010101u;
    int8_t bytes[4];
    lp_store4(word, bytes);
    for (; count > 0; count -= 4) {
        to = op->block->unpack(bytes, 4, to);
    }
    return to;
}

/* Tap by tap, each of whole words. */
static void lp_unpack_by_taps(const lp_conv2d_blocks_s8_dsp_t *op, const lp_patch_t *patch, uint32_t *to)
{
    const int32_t pixel = op->groups * op->depth;
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = patch->top + ky * op->dilation_h;
        for (int32_t kx = 0; kx < op->kernel_w; kx++) {
            const int32_t column = patch->left + kx * op->dilation_w;
            const int inside = row >= 0 && row < op->in_h && column >= 0 && column < op->in_w;
            to = inside ? op->block->unpack(patch->x + (row * op->in_w + column) * pixel, op->depth, to)
                        : lp_unpack_padding(op, op->depth, to);
        }
    }
}

/* One patch into `to`; `bytes` is for those that are gathered first. */
static void lp_unpack_patch(const lp_conv2d_blocks_s8_dsp_t *op, const lp_patch_t *patch, int8_t *bytes, uint32_t *to)
{
    const int32_t run = op->kernel_w * op->depth;
    const int32_t bottom = patch->top + (op->kernel_h - 1) * op->dilation_h;
    const int is_run = op->groups == 1 && op->dilation_w == 1 && patch->top >= 0 && bottom < op->in_h &&
                       patch->left >= 0 && patch->left + op->kernel_w <= op->in_w;
    const int8_t *from = is_run ? patch->x + (patch->top * op->in_w + patch->left) * op->depth : patch->x;
    if (op->depth % 4 == 0) {
        if (!is_run) {
            lp_unpack_by_taps(op, patch, to);
            return;
        }
        for (int32_t ky = 0; ky < op->kernel_h; ky++, from += op->dilation_h * op->in_w * op->depth) {
            to = op->block->unpack(from, run, to);
        }
        return;
    }
    /* Whole words are copied, up to 3 bytes too many a row: not behind the last row of the image. */
    if (is_run && bottom < op->in_h - 1 && op->in_w * op->depth >= 3) {
        lp_gather_rows(op, from, run, bytes);
    } else {
        lp_gather_by_taps(op, patch, bytes);
    }
    op->block->unpack(bytes, op->kernel_h * run, to);
}

/* All outputs of one group. */
static void lp_group(const lp_conv2d_blocks_s8_dsp_t *op, const lp_block_op_t *core, const int8_t *x, int8_t *y,
                     uint32_t *patches)
{
    const lp_block_s8_dsp_t *block = op->block;
    int8_t *bytes = (int8_t *)(patches + 2 * block->patches * core->words);
    lp_patch_t patch = {x, -op->pad_top, -op->pad_left};
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++, patch.top += op->stride_h, patch.left = -op->pad_left) {
        for (int32_t ox = 0; ox < op->out_w; ox++, patch.left += op->stride_w) {
            lp_unpack_patch(op, &patch, bytes, patches + held);
            if (++held == block->patches) {
                block->run(core, patches, held, y);
                y += held * core->y_step;
                held = 0;
            }
        }
    }
    if (held > 0) {
        block->run(core, patches, held, y);
    }
}

void lp_conv2d_blocks_s8_dsp(const lp_conv2d_blocks_s8_dsp_t *op, const int8_t *restrict x, int8_t *restrict y,
                             void *restrict scratch)
{
    lp_block_op_t core = op->op;
    for (int32_t group = 0; group < op->groups; group++) {
        lp_group(op, &core, x + group * op->depth, y + group * core.channels, (uint32_t *)scratch);
        core.w += core.channels * (core.words + 2);
        core.code += core.channels;
    }
}
