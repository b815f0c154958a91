/* Runs a network over a file of inputs under an emulator that offers semihosting: inputs.bin is read row by row,
 * outputs.bin gets each row's outputs, ticks.bin what each inference took: on Arm ticks of the system timer, which
 * follows the instruction count in the emulator; on RISC-V the counter of retired instructions. */
#include <stddef.h>
#include "lilliput_model.h"

_Alignas(LILLIPUT_MODEL_ARENA_ALIGN) uint8_t lilliput_arena[LILLIPUT_MODEL_ARENA_BYTES];

$image
int main(void);

#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_EXIT_EXTENDED 0x20
#define MODE_READ 1u
#define MODE_WRITE 5u

#define UNCOUNTED 0xFFFFFFFFu

extern uint32_t lilliput_bss_end[], lilliput_stack_top[];

#if defined(__riscv)

static uint32_t host(uint32_t operation, const void *block)
{
    register uint32_t a0 __asm__("a0") = operation;
    register const void *a1 __asm__("a1") = block;
    /* The three words by which an ebreak is known for a call of the host, all on one page. */
    __asm__ volatile(".option push\n\t.option norvc\n\t.balign 16\n\t"
                     "slli x0, x0, 0x1f\n\tebreak\n\tsrai x0, x0, 7\n\t.option pop"
                     : "+r"(a0)
                     : "r"(a1)
                     : "memory");
    return a0;
}

static inline uint32_t retired(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, minstret\n\t.option pop"
                     : "=r"(count)::"memory");
    return count;
}

static inline uint32_t retired_high(void)
{
    uint32_t count;
    __asm__ volatile(".option push\n\t.option arch, +zicsr\n\tcsrr %0, minstreth\n\t.option pop"
                     : "=r"(count)::"memory");
    return count;
}

__attribute__((noinline)) static uint32_t timed_run(void)
{
    const uint32_t high = retired_high();
    const uint32_t before = retired();
    lilliput_model_run(lilliput_arena);
    const uint32_t after = retired();
    const uint32_t wraps = retired_high() - high;
    return wraps > 1u || (wraps == 1u && after >= before) ? UNCOUNTED : after - before;
}

#else

#define TIMER_CONTROL (*(volatile uint32_t *)0xE000E010u)
#define TIMER_RELOAD (*(volatile uint32_t *)0xE000E014u)
#define TIMER_VALUE (*(volatile uint32_t *)0xE000E018u)

static uint32_t host(uint32_t operation, const void *block)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = block;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory", "cc");
    return r0;
}

static uint32_t timed_run(void)
{
    TIMER_CONTROL = 0u;
    TIMER_RELOAD = 0xFFFFFFu;
    TIMER_VALUE = 0u;
    TIMER_CONTROL = 5u; /* the core's clock, no interrupt */
    const uint32_t before = TIMER_VALUE;
    lilliput_model_run(lilliput_arena);
    const uint32_t after = TIMER_VALUE;
    const uint32_t wrapped = TIMER_CONTROL & 0x10000u;
    return wrapped != 0u ? UNCOUNTED : (before - after) & 0xFFFFFFu;
}

#endif

static uint32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    const uint32_t block[3] = {(uint32_t)name, mode, length};
    return host(SYS_OPEN, block);
}

/* 1 when all bytes were read or written. */
static int transfer(uint32_t operation, uint32_t file, const void *data, uint32_t count)
{
    const uint32_t block[3] = {file, (uint32_t)data, count};
    return host(operation, block) == 0u;
}

__attribute__((noreturn)) static void leave(uint32_t status)
{
    const uint32_t block[2] = {0x20026u, status};
    for (;;) {
        (void)host(SYS_EXIT_EXTENDED, block);
    }
}

/* The lowest word above the data that no longer holds the paint. */
static uint32_t stack_used(void)
{
    const uint32_t *word = lilliput_bss_end;
    while (word < lilliput_stack_top && *word == 0xA5C3B1E7u) {
        word++;
    }
    return (uint32_t)((uintptr_t)lilliput_stack_top - (uintptr_t)word);
}

__attribute__((noinline)) static void paint_stack(void)
{
    volatile uint32_t here = 0u;
    uint32_t *end = (uint32_t *)((uintptr_t)&here - 64u);
    for (uint32_t *word = lilliput_bss_end; word < end; word++) {
        *word = 0xA5C3B1E7u;
    }
}

int main(void)
{
    paint_stack();
    const uint32_t inputs = open_file("inputs.bin", 10u, MODE_READ);
    const uint32_t outputs = open_file("outputs.bin", 11u, MODE_WRITE);
    const uint32_t ticks = open_file("ticks.bin", 9u, MODE_WRITE);
    if (inputs == 0xFFFFFFFFu || outputs == 0xFFFFFFFFu || ticks == 0xFFFFFFFFu) {
        leave(2u);
    }
    lilliput_model_reset(lilliput_arena);
    for (;;) {
$read
        const uint32_t measured = timed_run();
$write
        const uint32_t report[2] = {measured, stack_used()};
        if (!transfer(SYS_WRITE, ticks, report, sizeof report)) leave(3u);
    }
}
