#include "lp_leaky_kept_s8.h"

#include "lp_leaky_places.h"

void lp_leaky_kept_s8(const lp_leaky_s8_t *op, const int8_t *restrict x, int16_t *restrict v, uint8_t *restrict y,
                      void *scratch)
{
    lp_leaky_places(op, x, v, y, (int16_t *)scratch);
}
