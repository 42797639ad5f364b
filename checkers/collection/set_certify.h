/* set_certify.h - the verdict on a set, proven again by comparison of sorted lists. */
#ifndef CHECKERS_SET_CERTIFY_H
#define CHECKERS_SET_CERTIFY_H

#include "checkers/checker.h"

bool set_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err);

#endif
