/* lp_svdf_state8_s8: lp_svdf_s8 with a state and time weights of int8.
 *
 * Layout, Value, Ranges, Memory, Aliasing, Failure   as in lp_svdf_s8.h; feature.y_min and feature.y_max in int8
 */
#ifndef LP_SVDF_STATE8_S8_H
#define LP_SVDF_STATE8_S8_H

#include "lp_svdf_s8.h"

void lp_svdf_state8_s8(const lp_svdf_s8_t *op, const int8_t *restrict x, int8_t *restrict state, int8_t *restrict y,
                       void *scratch);

#endif
