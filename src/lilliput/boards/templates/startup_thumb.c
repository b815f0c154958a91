/* Start-up for Cortex-M: vector table, reset, faults. Interrupts stay off; the table holds the core's own vectors. */
#include <stdint.h>

extern uint32_t lilliput_data_start[], lilliput_data_end[], lilliput_bss_start[], lilliput_bss_end[];
extern const uint32_t lilliput_data_load[];
extern uint32_t lilliput_stack_top[];

int main(void);
void Reset_Handler(void);
void lilliput_fault(void);

typedef struct {
    uint32_t *stack;
    void (*reset)(void);
    void (*faults[14])(void);
} vectors_t;

__attribute__((section(".vectors"), used)) const vectors_t lilliput_vectors = {
    lilliput_stack_top,
    Reset_Handler,
    {
        lilliput_fault, lilliput_fault, lilliput_fault, lilliput_fault, lilliput_fault, 0, 0, 0, 0,
        lilliput_fault, lilliput_fault, 0, lilliput_fault, lilliput_fault,
    },
};

void lilliput_fault(void)
{
    for (;;) {
        __asm__ volatile("nop");
    }
}

void Reset_Handler(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    /* Full access to coprocessors 10 and 11, before the first instruction that uses a floating-point register. */
    *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    const uint32_t *from = lilliput_data_load;
    for (uint32_t *to = lilliput_data_start; to < lilliput_data_end; to++, from++) {
        *to = *from;
    }
    for (uint32_t *to = lilliput_bss_start; to < lilliput_bss_end; to++) {
        *to = 0u;
    }
    (void)main();
    lilliput_fault();
}
