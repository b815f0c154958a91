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

#if defined(LILLIPUT_MODEL_INPUT_IS_STREAMED)
/* Where boards have memory outside of the chip; the emulator puts the input there. An application would ask its camera,
 * or whatever holds the picture. */
#define EXTERNAL_IMAGE ((const void *)0x90000000u)

void lilliput_model_read_input(int32_t top, int32_t left, int32_t rows, int32_t columns, void *to)
{
    lilliput_model_copy_window(EXTERNAL_IMAGE, top, left, rows, columns, to);
}
#endif

int main(void)
{
    lilliput_model_reset(lilliput_arena);
    for (;;) {
        lilliput_ready();
        lilliput_model_run(lilliput_arena);
    }
}
