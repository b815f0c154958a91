/* The smallest program around a network: the arena, and a loop that runs it. */
#include "lilliput_model.h"

_Alignas(LILLIPUT_MODEL_ARENA_ALIGN) uint8_t lilliput_arena[LILLIPUT_MODEL_ARENA_BYTES];

void lilliput_ready(void);
int main(void);

/* Where an application would read the last output and write the next input; the emulator stops here and does so. */
__attribute__((noinline)) void lilliput_ready(void)
{
    __asm__ volatile("nop" ::: "memory");
}

int main(void)
{
    lilliput_model_reset(lilliput_arena);
    for (;;) {
        lilliput_ready();
        lilliput_model_run(lilliput_arena);
    }
}
