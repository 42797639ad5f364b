/* bank_path.h - one order of transfers and reads, from read to read.
 *
 * A transfer or read takes effect when it must be over. The few transfers that lead from the
 * balances to those of a read are looked up, not tried: sums of one and of two kinds of
 * transfers are in a table, and those of up to six are one of these and others. On the way
 * other reads that are open are served, the nearest first; so are those to which no way would
 * lead any more once a transfer that must come now has come. Transfers of unknown outcome are
 * used where others do not do. What was there at first is what a read shows, less what it may
 * have seen: each of these is tried. When no way leads to a read that must be over, all begins
 * again with something chosen otherwise before (bank_tries.c). Bounded work. An order that is
 * found is one; where none is found nothing is known. PURE. */
#ifndef CHECKERS_BANK_PATH_H
#define CHECKERS_BANK_PATH_H

#include "checkers/engine/linearizable.h"

enum {
	BANK_PATH_ACCOUNTS = 32
};

/* As `decide` of a type (linearizable.h): valid with an order, or no verdict. */
void bank_path_decide(const struct key_ops *key, const struct check_options *options,
		      struct linearizable_key *found);

#endif
