/* sequential.h - a way to decide sequential consistency that does not need clocks. */
#ifndef CHECKERS_SEQUENTIAL_H
#define CHECKERS_SEQUENTIAL_H

#include "checkers/weak/weak_models.h"

/* Mends a row of all operations until it is the sequence. False when that proves nothing;
 * then the answer is unknown. */
bool sequential_row_decide(const struct weak *weak, const struct weak_limits *limits,
			   struct weak_answer *answer);

#endif
