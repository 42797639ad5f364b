/* observed.h - reads with the writes that they returned, in the order of events, for
 * checkers that look at registers through real time: regular and safe registers,
 * staleness, convergence. Written values are unique for each key. Indexes are those of
 * history->ops. Immutable once made; 16 bytes an operation, 8 an event. */
#ifndef CHECKERS_OBSERVED_H
#define CHECKERS_OBSERVED_H

#include "checkers/checker.h"

#define OBSERVED_INITIAL   UINT32_MAX	    /* the read returned the initial value */
#define OBSERVED_UNWRITTEN (UINT32_MAX - 1) /* a value that no write brought */
#define OBSERVED_NOTHING   (UINT32_MAX - 2) /* no read, or without an answer */

struct observed {
	const struct history *history; /* borrowed */
	uint32_t key_count;
	uint32_t *key;	  /* owned, by operation: dense */
	uint32_t *source; /* owned, by operation: of a read, its write or OBSERVED_... */
	uint32_t event_count;
	uint32_t *events; /* owned, by position: 2 * operation, + 1 for a completion */
};

enum {
	OBSERVED_BYTES_EACH = 64 /* an operation, the arrays of its users included */
};

/* False, with the reason, where weak_init refuses or memory is too small. The caller
 * calls observed_release either way. */
bool observed_init(struct observed *observed, const struct history *history,
		   const struct check_options *options, struct err *err);
void observed_release(struct observed *observed);

/* It may have happened: not failed. */
static inline bool
observed_is_write(const struct observed *observed, uint32_t i)
{
	const struct op *op = &observed->history->ops.items[i];

	return op->f == F_WRITE && op->type != OP_FAIL;
}

static inline bool
observed_is_answer(const struct observed *observed, uint32_t i)
{
	return observed->source[i] != OBSERVED_NOTHING;
}

/* An anomaly about a read, its source (if any) and another operation (or OP_NEVER). */
void observed_report(const struct observed *observed, const char *name,
		     const char *sentence, uint32_t read, uint32_t other,
		     struct check_result *result);

#endif
