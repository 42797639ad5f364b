/* unique_ids.h - ids that are given out once; each key is a generator of its own.
 *
 * Operation: generate (result: the id, any value). With options->model "monotone" an id
 * must also be greater than every id that had been given out before its generate began
 * (numbers by size, texts by bytes). O(n log n), complete.
 *
 *	duplicate-id   One id was given out twice.
 *	               generate -> 7 | generate -> 7
 *	id-went-back   ("monotone") An id is less than one that was given out before.
 *	               generate -> 7 | generate -> 5 */
#ifndef CHECKERS_UNIQUE_IDS_H
#define CHECKERS_UNIQUE_IDS_H

#include "checkers/checker.h"

extern const struct checker checker_unique_ids;

#endif
