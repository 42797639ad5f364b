/* lineup.h - all operations in one row that respects session order and, where it can, causes.
 *
 * Operations stand near where they were invoked; a write of unknown outcome directly before
 * its first reader. Who saw what is then decided near each read: what lies in its past and
 * behind its source in the row stands between the two. So nobody needs a clock of as many
 * sessions as there are, and crashed operations, which end sessions, cost nothing. */
#ifndef CHECKERS_LINEUP_H
#define CHECKERS_LINEUP_H

#include "checkers/weak/placing.h"

struct lineup {
	const struct weak *weak;
	bool is_causal;	  /* sources stand before their reads */
	uint32_t *order;  /* owned: ids */
	uint32_t *place;  /* owned, by id: where it stands */
	uint32_t *writes; /* owned: where writes stand, of each key ascending */
};

enum {
	LINEUP_BYTES_EACH = 48 /* an operation, while the row is made */
};

/* False when session order and reads-from contradict each other; then there is no row. The
 * caller calls lineup_release either way. O(n). */
bool lineup_init(struct lineup *lineup, const struct weak *weak, bool is_causal);
void lineup_release(struct lineup *lineup);

/* Makes the row anew: as near to what it was as the links of the placing allow. False: they
 * contradict each other, and the row is as it was. */
bool lineup_again(struct lineup *lineup, struct placing *placing);

/* Writes of one key: indexes into `writes`. */
struct lineup_range {
	uint32_t from, to;
};

/* The writes of a key that stand at `from` or behind, but before `to`. O(log n). */
struct lineup_range lineup_between(const struct lineup *lineup, uint32_t key,
				   uint32_t from, uint32_t to);

/* The last write of the key before the place; WEAK_INITIAL: none. O(log n). */
uint32_t lineup_last_before(const struct lineup *lineup, uint32_t key, uint32_t place);

#endif
