/* What the kernels share that work element by element: y[i] = f(x[i]) with up to two parameters. */
#ifndef LP_MAP_F32_H
#define LP_MAP_F32_H

#include <stdint.h>

typedef struct {
    int32_t n;
    float p;
    float q;
} lp_map_f32_t;

#endif
