/* Start-up for RISC-V: stack pointer, data, bss, main. Interrupts stay off. */
#include <stdint.h>

extern uint32_t lilliput_data_start[], lilliput_data_end[], lilliput_bss_start[], lilliput_bss_end[];
extern const uint32_t lilliput_data_load[];

int main(void);
void Reset_Handler(void);
void lilliput_start(void);
void lilliput_fault(void);

__attribute__((naked, used, section(".vectors"))) void Reset_Handler(void)
{
#if defined(__riscv_vector)
    /* mstatus.VS: the vector unit on, before the first instruction that uses it. */
    __asm__ volatile("li t0, 0x600\n\tcsrs mstatus, t0" ::: "t0");
#endif
    __asm__ volatile("la sp, lilliput_stack_top\n\tj lilliput_start");
}

void lilliput_fault(void)
{
    for (;;) {
        __asm__ volatile("nop");
    }
}

__attribute__((used)) void lilliput_start(void)
{
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
