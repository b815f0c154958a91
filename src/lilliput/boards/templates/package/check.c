/* Runs the stored inputs and compares each output value. Exit 0 when all are equal. */
#include <stdio.h>

#include "lilliput_check.h"

static _Alignas(LILLIPUT_MODEL_ARENA_ALIGN) uint8_t arena[LILLIPUT_MODEL_ARENA_BYTES];

int main(void)
{
    for (uint32_t row = 0; row < LILLIPUT_CHECK_ROWS; row++) {
        const lilliput_check_t found = lilliput_check(arena, row);
        if (!found.is_equal) {
            printf("row %u, output %u, value %u: expected $c_format, got $c_format\n", (unsigned)row, (unsigned)found.output,
                   (unsigned)found.index, ($c_cast)found.expected, ($c_cast)found.got);
            return 1;
        }
    }
    printf("OK: %u rows\n", (unsigned)LILLIPUT_CHECK_ROWS);
    return 0;
}
