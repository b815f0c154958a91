#include "lp_spike_sums_s32.h"

#include <string.h>

#include "lp_spike_list.h"

/* Four sums, and the rows that are added to them. */
static LP_NOINLINE void lp_add4(const int8_t *w, int32_t pad, const uint16_t *tap, const uint16_t *end, int32_t *acc)
{
    int32_t acc0 = acc[0];
    int32_t acc1 = acc[1];
    int32_t acc2 = acc[2];
    int32_t acc3 = acc[3];
    LP_ROLLED do {
        const int8_t *row = w + *tap++ * pad;
        acc0 += row[0];
        acc1 += row[1];
        acc2 += row[2];
        acc3 += row[3];
    } while (tap != end);
    acc[0] = acc0;
    acc[1] = acc1;
    acc[2] = acc2;
    acc[3] = acc3;
}

static void lp_add_rows(const int8_t *w, int32_t pad, const uint16_t *tap, const uint16_t *end, int32_t *acc)
{
    for (int32_t c = 0; c < pad; c += 4) {
        lp_add4(w + c, pad, tap, end, acc + c);
    }
}

static void lp_flush(const void *layer, uint16_t *lists, uint16_t **ends, void *sums, int32_t is_first)
{
    const lp_spiking_s32_t *op = (const lp_spiking_s32_t *)layer;
    int32_t *acc = (int32_t *)sums;
    for (int32_t t = 0; t < op->fire.steps; t++, acc += op->pad, lists += LP_SPIKE_LIST) {
        if (is_first != 0) {
            (void)memcpy(acc, op->bias, (size_t)op->pad * sizeof *acc);
        }
        if (ends[t] != lists) {
            lp_add_rows(op->w, op->pad, lists, ends[t], acc);
            ends[t] = lists;
        }
    }
}

int32_t lp_spike_sums_s32(const lp_spiking_s32_t *op, const uint8_t *x, const lp_spike_run_t *run,
                          const lp_spike_run_t *end, int32_t *acc, void *scratch)
{
    return lp_spike_collect(op, op->fire.steps, x, run, end, (uint16_t *)scratch, acc, lp_flush);
}
