#include "lp_lookup_s8_rvv.h"

#include "lp_rvv.h"

void lp_lookup_s8_rvv(const lp_lookup_s8_t *op, const int8_t *x, int8_t *y)
{
    size_t vl;
    for (int32_t left = op->n; left > 0; left -= (int32_t)vl, x += vl, y += vl) {
        vl = lp_w_lanes(left);
        lp_w_store_s8(y, lp_w_lookup_s8(op->table, lp_w_load_s8(x, vl), -128, vl), vl);
    }
}
