/* The four functions that generated code and compilers may call; defined in memory.c. No C library is linked. */
#ifndef LILLIPUT_STRING_H
#define LILLIPUT_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *a, const void *b, size_t count);

/* A compiler that builds without a C library takes these names for ordinary functions; its own names keep it free to
   turn a copy of four bytes into one load and one store. */
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#define memcmp __builtin_memcmp

#endif
