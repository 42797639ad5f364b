/* store_history.h - a whole history into a run, as `import` does. */
#ifndef RESULTS_STORE_HISTORY_H
#define RESULTS_STORE_HISTORY_H

#include "results/store/store.h"

/* Puts all operations (with the positions that they have) and, from history->nemesis, the
 * faults: `start-X` begins what `stop-X` ends, any other is a fault of its own. */
bool store_put_history(struct store *store, const struct history *history,
		       struct err *err);

/* Makes a cell of a value. JSON text is written to `text`, which must outlive the cell. */
struct cell store_cell(const struct values *values, val v, struct buf *text);

#endif
