/* choice.h - the checker of a history that names none (checkers/choice.def). */
#ifndef CHECKERS_CHOICE_H
#define CHECKERS_CHOICE_H

#include "checkers/checker.h"

struct choice {
	const struct checker *checker; /* NULL: none fits */
	const char *known_by;	       /* static: what the operations show */
	const char *others;	       /* static: what else could be asked by name; "" */
};

/* options->init, a number of permits, tells a semaphore from a lock; transactions that write
 * a value to a key again, or options->init, are a multi-register when no level is asked for.
 */
struct choice choice_of(const struct history *history,
			const struct check_options *options);

/* The table, for documents and tests: its lines in order, the count in *count. */
const struct choice *choice_table(size_t *count);

#endif
