/* A network as a shared library: rows of raw input values in, rows of raw output values out. */
#include <stddef.h>
#include <string.h>

#include "lilliput_model.h"

#if defined(_WIN32)
#define LILLIPUT_EXPORT __declspec(dllexport)
#else
#define LILLIPUT_EXPORT __attribute__((visibility("default")))
#endif

LILLIPUT_EXPORT void lilliput_native_reset(void *arena);
LILLIPUT_EXPORT void lilliput_native_infer(void *arena);
LILLIPUT_EXPORT void lilliput_native_run(void *arena, size_t rows, const uint8_t *const *inputs,
                                         uint8_t *const *outputs);

void lilliput_native_reset(void *arena) { lilliput_model_reset(arena); }

void lilliput_native_infer(void *arena) { lilliput_model_run(arena); }

void lilliput_native_run(void *arena, size_t rows, const uint8_t *const *inputs, uint8_t *const *outputs)
{
    for (size_t row = 0; row < rows; row++) {
$read
        lilliput_model_run(arena);
$write
    }
}
