#include "lp_lookup_s8_u8.h"

#include "lp_compiler.h"

void lp_lookup_s8_u8(const lp_lookup_s8_u8_t *op, const int8_t *x, uint8_t *y)
{
    const uint8_t *const table = op->table + 128;
    const uint8_t *const end = y + op->n;
    const uint8_t *const fours = y + (op->n & ~3);
    LP_ROLLED for (; y != fours; x += 4, y += 4) {
        const uint8_t y0 = table[x[0]];
        const uint8_t y1 = table[x[1]];
        const uint8_t y2 = table[x[2]];
        const uint8_t y3 = table[x[3]];
        y[0] = y0;
        y[1] = y1;
        y[2] = y2;
        y[3] = y3;
    }
    LP_ROLLED while (y != end) {
        *y++ = table[*x++];
    }
}
