#include "lp_spike_sums_s16_dsp.h"

#include "lp_spike_flush_s16.h"

/* Each function adds rows of `lanes` weights, w[tap][lanes], to as many sums. A negative number ends the list of taps; two
 * of them are taken in a round, and where the list's address is odd it begins with the second half of one. */

#if LP_DSP_NATIVE

#define LP_NAKED __attribute__((naked, noinline))
#define LP_UNUSED __attribute__((unused))

#define LP_NEXT "ldrsh r0, [lr], #2\n"

#define LP_ADD_ROWS(name, SUMS, STEP)                                                                                  \
    static LP_NAKED void name(LP_UNUSED const int8_t *w, LP_UNUSED const int16_t *tap, LP_UNUSED const int16_t *from,  \
                              LP_UNUSED int16_t *acc)                                                                  \
    {                                                                                                                  \
        __asm__ volatile("push {r3, r4-r11, lr}\n"                                                                     \
                         "mov r12, r0\n"                                                                               \
                         "bic lr, r1, #1\n"                                                                            \
                         "tst r1, #1\n"                                                                                \
                         "ldmia r2, " SUMS "\n" LP_NEXT                                                                \
                         "bne 2f\n"                                                                                    \
                         "1:\n" STEP LP_NEXT                                                                           \
                         "2:\n" STEP LP_NEXT                                                                           \
                         "cmp r0, #0\n"                                                                                \
                         "bge 1b\n"                                                                                    \
                         "pop {r2}\n"                                                                                  \
                         "stmia r2, " SUMS "\n"                                                                        \
                         "pop {r4-r11, pc}\n");                                                                        \
    }

#define LP_PAIRS(low, high, word)                                                                                      \
    "sxtab16 " low ", " low ", " word "\n"                                                                             \
    "sxtab16 " high ", " high ", " word ", ror #8\n"

LP_ADD_ROWS(lp_add16, "{r4, r5, r6, r7, r8, r9, r10, r11}",
            "add r0, r12, r0, lsl #4\n"
            "ldmia r0, {r0, r1, r2, r3}\n"
            LP_PAIRS("r4", "r5", "r0") LP_PAIRS("r6", "r7", "r1") LP_PAIRS("r8", "r9", "r2") LP_PAIRS("r10", "r11", "r3"))
LP_ADD_ROWS(lp_add8, "{r4, r5, r6, r7}",
            "add r0, r12, r0, lsl #3\n"
            "ldmia r0, {r0, r1}\n"
            LP_PAIRS("r4", "r5", "r0") LP_PAIRS("r6", "r7", "r1"))
LP_ADD_ROWS(lp_add4, "{r4, r5}",
            "ldr r0, [r12, r0, lsl #2]\n"
            LP_PAIRS("r4", "r5", "r0"))

#else

static void lp_add_lanes(const int8_t *w, const int16_t *tap, const int16_t *from, int16_t *acc, int32_t lanes)
{
    for (int32_t i = 0; i < lanes; i++) {
        acc[i] = from[i];
    }
    for (; *tap >= 0; tap++) {
        const int8_t *row = w + *tap * lanes;
        for (int32_t i = 0; i < lanes; i += 4) {
            const int8_t ordered[4] = {row[i], row[i + 2], row[i + 1], row[i + 3]};
            for (int32_t k = 0; k < 4; k++) {
                acc[i + k] = (int16_t)(uint16_t)((uint32_t)(acc[i + k] + ordered[k]) & 0xffffu);
            }
        }
    }
}

static void lp_add16(const int8_t *w, const int16_t *tap, const int16_t *from, int16_t *acc)
{
    lp_add_lanes(w, tap, from, acc, 16);
}

static void lp_add8(const int8_t *w, const int16_t *tap, const int16_t *from, int16_t *acc)
{
    lp_add_lanes(w, tap, from, acc, 8);
}

static void lp_add4(const int8_t *w, const int16_t *tap, const int16_t *from, int16_t *acc)
{
    lp_add_lanes(w, tap, from, acc, 4);
}

#endif

static inline void lp_add_rows(const lp_spiking_s16_t *op, uint16_t *tap, uint16_t *end, const int16_t *from,
                               int16_t *acc)
{
    const int8_t *w = op->w;
    const int32_t taps = op->taps;
    const int16_t *list = (const int16_t *)tap;
    int32_t left = op->pad;
    *end = 0xffffu;
#if LP_DSP_NATIVE
    list = (const int16_t *)((uintptr_t)list | ((uintptr_t)(end - tap) & 1u));
#endif
    LP_ROLLED for (; left >= 16; left -= 16, w += 16 * taps, from += 16, acc += 16) {
        lp_add16(w, list, from, acc);
    }
    if ((left & 8) != 0) {
        lp_add8(w, list, from, acc);
        w += 8 * taps;
        from += 8;
        acc += 8;
    }
    if ((left & 4) != 0) {
        lp_add4(w, list, from, acc);
    }
}

static void lp_flush(const void *op, uint16_t *lists, uint16_t **ends, void *acc, int32_t is_first)
{
    lp_spike_flush_s16((const lp_spiking_s16_t *)op, lists, ends, (int16_t *)acc, is_first, lp_add_rows);
}

int32_t lp_spike_sums_s16_dsp(const lp_spiking_s16_t *op, const uint8_t *x, const lp_spike_run_t *run,
                              const lp_spike_run_t *end, int16_t *acc, void *scratch)
{
    return lp_spike_collect(op, op->fire.steps, x, run, end, (uint16_t *)scratch, acc, lp_flush);
}
