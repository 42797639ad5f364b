/* bank_path.h - one order of transfers and reads, from read to read.
 *
 * A transfer or read takes effect when it must be over. The few transfers that lead from the
 * balances to those of a read are looked up, not tried: sums of one and of two kinds of
 * transfers are in a table, and those of three and four are one of these and another. On the
 * way other reads that are open are served, the nearest first; so are those to which no way
 * would lead any more once a transfer that must come now has come. Transfers of unknown
 * outcome are used where others do not do. When no way leads to a read that must be over, all
 * begins again and it is served earlier, before the last event at which a way led to it; when
 * that does not help, the first read saw other transfers. Bounded work. An order that is
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
