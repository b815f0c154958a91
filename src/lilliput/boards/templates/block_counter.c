/* Counts executed blocks inside the emulator's process; compiled for this machine and called by Unicorn for each block.
 * The Python twin in profile.py does the same, some forty times slower. */
#include <stdint.h>

typedef struct {
    uint64_t base;             /* address of the first halfword of code */
    uint64_t span;             /* halfwords of code */
    const uint8_t *code;
    const uint16_t *owner;     /* [span] 0: as before, 1: outside of layers, 2 + n: layer n */
    uint32_t *sizes;           /* [span] bytes of the block that starts here, 0 before its first visit */
    uint32_t *lengths;         /* [span] instructions of that block */
    uint64_t *visits;          /* [layers + 1][span]; row 0 is outside of layers */
    uint64_t *by_layer;        /* [layers + 1] instructions */
    uint64_t instructions;
    uint64_t limit;
    uint64_t strange;          /* blocks outside the code, or whose size changed */
    uint32_t row;
    uint32_t riscv;
    int (*stop)(void *engine);
} counter_t;

static uint32_t instructions_in(const counter_t *counter, uint64_t start, uint32_t size)
{
    uint32_t count = 0, at = 0;
    while (at < size) {
        const uint8_t *p = counter->code + 2 * start + at;
        const uint32_t half = (uint32_t)p[0] | ((uint32_t)p[1] << 8);
        const int wide = counter->riscv ? (half & 3u) == 3u : (half >> 11) >= 0x1Du;
        at += wide ? 4u : 2u;
        count++;
    }
    return count;
}

#if defined(_WIN32)
__declspec(dllexport)
#endif
void lilliput_on_block(void *engine, uint64_t address, uint32_t size, void *user);

void lilliput_on_block(void *engine, uint64_t address, uint32_t size, void *user)
{
    counter_t *counter = user;
    const uint64_t start = (address - counter->base) / 2;
    if (address < counter->base || start + size / 2 > counter->span || size == 0) {
        counter->strange++;
        return;
    }
    if (counter->sizes[start] != size) {
        counter->strange += counter->sizes[start] != 0;
        counter->sizes[start] = size;
        counter->lengths[start] = instructions_in(counter, start, size);
    }
    if (counter->owner[start] != 0) {
        counter->row = counter->owner[start] - 1u;
    }
    counter->visits[counter->row * counter->span + start]++;
    counter->by_layer[counter->row] += counter->lengths[start];
    counter->instructions += counter->lengths[start];
    if (counter->instructions > counter->limit) {
        counter->stop(engine);
    }
}
