/* bank_records.h - what the operations of a bank say: transfers, and reads of balances.
 *
 *	transfer {from A, to B, amount N}	read, result: {A balance, B balance, ...}
 *
 * PURE. */
#ifndef CHECKERS_BANK_RECORDS_H
#define CHECKERS_BANK_RECORDS_H

#include "checkers/checker.h"

struct bank_transfer {
	val from, to;
	int64_t amount;
};

/* A read that was answered. */
bool bank_is_read(const struct op *op);

/* A transfer that may have happened: not failed. */
bool bank_is_transfer(const struct op *op);

/* False when its value has another shape. */
bool bank_transfer_of(const struct history *history, const struct op *op,
		      struct bank_transfer *transfer);

/* What the transfer adds to the account. */
int64_t bank_change(const struct values *values, const struct bank_transfer *transfer,
		    val account);

/* The first operation that is none of a bank; NULL: all are. */
const struct op *bank_stranger(const struct history *history);

/* The first transfer that may have happened and does not say what it moved; NULL: none. */
const struct op *bank_mute_transfer(const struct history *history);

/* Reads are judged in real time: at no other level than strict serializability. */
bool bank_is_strict(const struct check_options *options);

/* Balances below zero are allowed. */
bool bank_allows_overdraft(const struct check_options *options);

#endif
