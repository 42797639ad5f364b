/* finding_certify.h - proves again what is wrong with transactions without a cycle: what
 * was read against who wrote it, from the operations that the anomaly names (the one that
 * saw it first, then the one to blame). Shares nothing with the deciders. PURE; O(elements
 * read). */
#ifndef CHECKERS_FINDING_CERTIFY_H
#define CHECKERS_FINDING_CERTIFY_H

#include "checkers/checker.h"

/* Whether an anomaly of this name is one that this can prove. */
bool finding_is_known(const char *anomaly);

bool finding_certify(const struct history *history, const struct check_options *options,
		     const struct anomaly *anomaly, struct err *err);

#endif
