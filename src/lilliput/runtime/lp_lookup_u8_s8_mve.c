#include "lp_lookup_u8_s8_mve.h"

#include "lp_mve.h"

void lp_lookup_u8_s8_mve(const lp_lookup_u8_s8_t *op, const uint8_t *x, int8_t *y)
{
    const int8_t *const table = op->table;
    for (int32_t left = op->n; left > 0; left -= 16, x += 16, y += 16) {
        lp_vstore_s8_first(y, lp_vlookup_u8(table, lp_vload_u8_first(x, left), left), left);
    }
}
