/* Reads rows of raw input values from standard input, writes rows of raw output values to standard output. */
#include <stdio.h>
#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#endif
#include "lilliput_model.h"

static _Alignas(LILLIPUT_MODEL_ARENA_ALIGN) uint8_t arena[LILLIPUT_MODEL_ARENA_BYTES];

$image
int main(void)
{
#if defined(_WIN32)
    (void)_setmode(_fileno(stdin), _O_BINARY);
    (void)_setmode(_fileno(stdout), _O_BINARY);
#endif
    lilliput_model_reset(arena);
    for (;;) {
$read
        lilliput_model_run(arena);
$write
    }
}
