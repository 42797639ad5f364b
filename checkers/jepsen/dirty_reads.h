/* dirty_reads.h - what the decider of dirty-reads and the proof of its verdict both read. */
#ifndef CHECKERS_DIRTY_READS_H
#define CHECKERS_DIRTY_READS_H

#include "checkers/checker.h"

/* A read that was answered: of the end, and any other one that found something. */
bool dirty_reads_is_strong(const struct history *history, const struct op *op);
bool dirty_reads_is_weak(const struct op *op);

/* The values of a read: rows, or the one value. */
size_t dirty_reads_count(const struct values *values, const struct op *read);
val dirty_reads_value(const struct values *values, const struct op *read, size_t i);

/* Rows that hold nothing, or what they held at first, say nothing, also when somebody wrote
 * that; any other value says that somebody wrote it. */
bool dirty_reads_is_initial(const struct values *values, val row, val init);

/* The model "rows": the rows of a read must not differ. */
bool dirty_reads_judges_rows(const struct check_options *options);

/* Proves a verdict from sorted lists: valid, that what was seen had been begun, and that
 * each strong read has all that was known when it began. */
bool dirty_reads_certify(const struct history *history,
			 const struct check_options *options,
			 const struct check_result *result, struct err *err);

#endif
