#include "lp_conv2d_blocks_s8_dsp.h"

#include "lp_dsp.h"
#include "lp_fixed_point.h"

/* One patch: where tap (0, 0) lies, which may be outside of the image. */
typedef struct {
    const int8_t *x; /* of the group */
    int32_t top;
    int32_t left;
} lp_patch_t;

/* Byte by byte: a patch that leaves the image, has gaps, or ends with the image. */
static LP_NOINLINE void lp_gather_by_taps(const lp_conv2d_blocks_s8_dsp_t *op, const lp_patch_t *patch, int8_t *to)
{
    const int32_t pixel = op->groups * op->depth;
    const uint32_t padding = (uint8_t)-op->x_offset * 0x01010101u;
    LP_ROLLED
    for (int32_t i = 0; i < op->op.words; i++) {
        lp_store4(padding, to + 4 * i);
    }
    for (int32_t ky = 0; ky < op->kernel_h; ky++) {
        const int32_t row = patch->top + ky * op->dilation_h;
        if (row < 0 || row >= op->in_h) {
            to += op->kernel_w * op->depth;
            continue;
        }
        for (int32_t kx = 0; kx < op->kernel_w; kx++, to += op->depth) {
            const int32_t column = patch->left + kx * op->dilation_w;
            if (column >= 0 && column < op->in_w) {
                const int8_t *from = patch->x + (row * op->in_w + column) * pixel;
                LP_ROLLED
                for (int32_t i = 0; i < op->depth; i++) {
                    to[i] = from[i];
                }
            }
        }
    }
}

/* The rows of a patch behind one another, by words, up to 3 bytes too many a row; those of 3x3 from 3 channels without
 * a loop. */
static inline void lp_gather_rows(const int8_t *from, int32_t rows, int32_t step, int32_t run, int8_t *to)
{
    LP_ROLLED
    for (; rows > 0; rows--, from += step, to += run) {
        if (run == 9) {
            lp_store4(lp_load4(from), to);
            lp_store4(lp_load4(from + 4), to + 4);
            to[8] = from[8];
            continue;
        }
        LP_ROLLED
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
static LP_NOINLINE void lp_unpack_by_taps(const lp_conv2d_blocks_s8_dsp_t *op, const lp_patch_t *patch, uint32_t *to)
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

/* The columns of an output row whose patches are runs of bytes inside of the image: `first` to before `end`. */
typedef struct {
    int32_t first;
    int32_t end;
} lp_runs_t;

static lp_runs_t lp_runs(const lp_conv2d_blocks_s8_dsp_t *op, int32_t top)
{
    const int32_t bottom = top + (op->kernel_h - 1) * op->dilation_h;
    int32_t wide = op->kernel_w;
    lp_runs_t runs = {0, 0};
    if (op->groups != 1 || op->dilation_w != 1 || top < 0 || bottom >= op->in_h) {
        return runs;
    }
    if (bottom == op->in_h - 1 || op->in_w * op->depth < 3) {
        /* Rows are read by words: not behind the end of the image. */
        wide = ((wide * op->depth + 3) / 4 * 4 + op->depth - 1) / op->depth;
    }
    runs.first = (op->pad_left + op->stride_w - 1) / op->stride_w;
    if (op->in_w + op->pad_left >= wide) {
        runs.end = lp_min_s32((op->in_w + op->pad_left - wide) / op->stride_w + 1, op->out_w);
    }
    return runs;
}

/* All outputs of one group. */
static void lp_group(const lp_conv2d_blocks_s8_dsp_t *op, const lp_block_op_t *core, const int8_t *x, int8_t *y,
                     uint32_t *patches)
{
    const lp_block_s8_dsp_t *block = op->block;
    const int32_t run = op->kernel_w * op->depth;
    const int32_t step = op->dilation_h * op->in_w * op->depth;
    const int is_whole = op->depth % 4 == 0;
    int8_t *bytes = (int8_t *)(patches + 2 * block->patches * core->words);
    lp_patch_t patch = {x, -op->pad_top, -op->pad_left};
    int32_t held = 0;
    for (int32_t oy = 0; oy < op->out_h; oy++, patch.top += op->stride_h) {
        const lp_runs_t runs = lp_runs(op, patch.top);
        patch.left = -op->pad_left;
        for (int32_t ox = 0; ox < op->out_w; ox++, patch.left += op->stride_w) {
            uint32_t *to = patches + held;
            if (ox >= runs.first && ox < runs.end) {
                const int8_t *from = x + (patch.top * op->in_w + patch.left) * op->depth;
                if (is_whole) {
                    for (int32_t ky = 0; ky < op->kernel_h; ky++, from += step) {
                        to = block->unpack(from, run, to);
                    }
                } else {
                    lp_gather_rows(from, op->kernel_h, step, run, bytes);
                    block->unpack(bytes, op->kernel_h * run, to);
                }
            } else if (is_whole) {
                lp_unpack_by_taps(op, &patch, to);
            } else {
                lp_gather_by_taps(op, &patch, bytes);
                block->unpack(bytes, op->kernel_h * run, to);
            }
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
