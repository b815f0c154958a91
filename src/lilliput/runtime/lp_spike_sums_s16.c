#include "lp_spike_sums_s16.h"

#include "lp_spike_flush_s16.h"

/* Four sums, and the rows that are added to them. */
static LP_NOINLINE void lp_add4(const int8_t *w, int32_t pad, const uint16_t *tap, const uint16_t *end,
                                const int16_t *from, int16_t *acc)
{
    int32_t acc0 = from[0];
    int32_t acc1 = from[1];
    int32_t acc2 = from[2];
    int32_t acc3 = from[3];
    LP_ROLLED do {
        const int8_t *row = w + *tap++ * pad;
        acc0 += row[0];
        acc1 += row[1];
        acc2 += row[2];
        acc3 += row[3];
    } while (tap != end);
    acc[0] = (int16_t)(uint16_t)((uint32_t)acc0 & 0xffffu);
    acc[1] = (int16_t)(uint16_t)((uint32_t)acc1 & 0xffffu);
    acc[2] = (int16_t)(uint16_t)((uint32_t)acc2 & 0xffffu);
    acc[3] = (int16_t)(uint16_t)((uint32_t)acc3 & 0xffffu);
}

static void lp_add_rows(const lp_spiking_s16_t *op, uint16_t *tap, uint16_t *end, const int16_t *from, int16_t *acc)
{
    for (int32_t c = 0; c < op->pad; c += 4) {
        lp_add4(op->w + c, op->pad, tap, end, from + c, acc + c);
    }
}

static void lp_flush(const void *op, uint16_t *lists, uint16_t **ends, void *acc, int32_t is_first)
{
    lp_spike_flush_s16((const lp_spiking_s16_t *)op, lists, ends, (int16_t *)acc, is_first, lp_add_rows);
}

int32_t lp_spike_sums_s16(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                          const lp_spike_run_t *end, int16_t *acc, void *scratch)
{
    return lp_spike_collect(op, op->fire.steps, x, run, end, (uint16_t *)scratch, acc, lp_flush);
}
