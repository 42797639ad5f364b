/* expanded_certify.h - proves that an expanded history (predicate_expand.h) says what the
 * recorded one does: of each predicate read exactly the item reads that follow from it, and
 * everything else as it was. Shares only the meaning of predicates with the expansion.
 * O(predicate reads * keys + different predicates * writes). PURE. */
#ifndef CHECKERS_EXPANDED_CERTIFY_H
#define CHECKERS_EXPANDED_CERTIFY_H

#include "checkers/transaction/predicate_expand.h"

bool expanded_certify(const struct history *history, const struct check_options *options,
		      bool items_only, const struct expanded *expanded, struct err *err);

#endif
