/* history.h - the one data structure that all rooms exchange: what the clients did.
 *
 * Operations stand in the order of their invocations. Built event by event (invoke,
 * complete) or operation by operation (add); then read by many threads. One writer.
 * 64 bytes an operation and its values in one pool: ten million operations fit 1 GB. */
#ifndef BASE_HISTORY_H
#define BASE_HISTORY_H

#include "base/err.h"
#include "base/map.h"
#include "base/op.h"

struct history {
	VEC(struct op) ops; /* by invoke_at, ascending */
	/* Faults as operations, for plots; of checkers only `versions` reads their times. */
	VEC(struct op) nemesis;
	struct values values; /* owned: all keys, inputs, outputs, errors, names */
	struct intern fs;     /* names of functions that op_f.def does not know */
	struct map open;      /* process -> index of its open operation, while building */
	uint32_t events;      /* positions given out so far */
};

void history_init(struct history *history);
void history_release(struct history *history);

/* The operations again, with a pool that begins with the same values: values of the first
 * mean the same in the copy, to which more may be added. Without what the nemesis did. */
void history_copy(const struct history *from, struct history *to);

/* The number of a function's name, and the name of a number. */
uint16_t history_f(struct history *history, const char *name, size_t bytes);
const char *history_f_name(const struct history *history, uint16_t f);

/* Adds an invocation: f, process, key, input, invoke_ns and node are taken from `op`, the
 * position is the next one. Refused (false, with the reason) when the process has an
 * operation open. The operation counts as info until it is completed. */
bool history_invoke(struct history *history, const struct op *op, struct err *err);

/* Completes the open operation of op->process: type, output, error, complete_ns (and key,
 * when it was nil) are taken from `op`. Refused when none is open or the function is
 * another. A read without an answer may be completed OP_INFO. */
bool history_complete(struct history *history, const struct op *op, struct err *err);

/* Adds a whole operation with the positions that it carries. Afterwards, when all are in,
 * history_sort puts them in order and numbers the events densely. */
void history_add(struct history *history, const struct op *op);
void history_sort(struct history *history);

/* Bytes that it holds, for budgets. */
size_t history_bytes(const struct history *history);

/* The error text of an operation, "" when none; and setting it. */
const char *history_error(const struct history *history, const struct op *op);
uint32_t history_error_id(struct history *history, const char *text);

/* Appends one line in words: `process 3: write x 5 -> ok (12.3 ms .. 14.0 ms)`. Of one that
 * is not ok, what it was answered is told where there is more than it asked. */
void history_describe(const struct history *history, const struct op *op,
		      struct buf *out);

#endif
