/* Weights of 4 bits, two in a byte, the first in its low half, as int8. */
#ifndef LP_UNPACK_S4_H
#define LP_UNPACK_S4_H

#include <stdint.h>

static inline int8_t lp_low_s4(int8_t byte) { return (int8_t)((int32_t)((uint32_t)(uint8_t)byte << 28) >> 28); }

static inline int8_t lp_high_s4(int8_t byte) { return (int8_t)(byte >> 4); }

#endif
