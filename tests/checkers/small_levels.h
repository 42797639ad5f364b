/* small_levels.h - every level of isolation by its name, on small histories, by brute force:
 * orders of all transactions, the axioms, and what no two transactions may do. */
#ifndef TESTS_CHECKERS_SMALL_LEVELS_H
#define TESTS_CHECKERS_SMALL_LEVELS_H

#include "tests/checkers/small_txns.h"

enum small_way {
	SMALL_AXIOMS,
	SMALL_UPDATES, /* axioms, and no lost update */
	SMALL_ORDER,
	SMALL_SNAPSHOTS, /* an order of snapshots and commits */
	SMALL_WRITTEN	 /* small_txns_were_written alone */
};

struct small_level {
	const char *name;
	enum small_view view; /* of axioms */
	bool process;
	enum small_way way;
	bool realtime; /* of orders */
};

/* Those of axioms alone stand first, of them strong-read-committed last. */
enum {
	SMALL_STRONG_COMMITTED = 6,
	SMALL_AXIOM_LEVELS,
	SMALL_LEVELS = 19
};

extern const struct small_level small_levels[SMALL_LEVELS];

/* Fails the test when there is none of this name. */
const struct small_level *small_level_find(const char *name);

bool small_level_holds(const struct small_level *level, const struct small_txns *h);

/* Two committed transactions read one version, somewhere, and both write the key. The history
 * satisfies read-committed. */
bool small_txns_lose_an_update(const struct small_txns *h);

#endif
