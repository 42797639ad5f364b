/* isolation_report.c - levels, and what was found in words. */
#include "checkers/transaction/isolation.h"

#include "base/text.h"

#include <string.h>

#define B(id) (UINT64_C(1) << ANOMALY_##id)
#define SET_READ_UNCOMMITTED                                                             \
	(B(GARBAGE_READ) | B(DUPLICATE) | B(INCOMPATIBLE_ORDER) | B(G0))
#define SET_READ_COMMITTED                                                               \
	(SET_READ_UNCOMMITTED | B(G1A) | B(G1B) | B(G1C) | B(DIRTY_UPDATE))
#define SET_MONOTONIC_VIEW   (SET_READ_COMMITTED | B(NON_MONOTONIC_VIEW))
#define SET_READ_ATOMIC	     (SET_MONOTONIC_VIEW | B(INTERNAL) | B(FRACTURED_READ))
#define SET_CURSOR_STABILITY (SET_READ_COMMITTED | B(LOST_UPDATE))
#define SET_CONSISTENT_VIEW  (SET_READ_ATOMIC | B(G_SINGLE))
#define SET_PARALLEL_SI	     (SET_CONSISTENT_VIEW | B(LOST_UPDATE))
#define SET_SNAPSHOT                                                                     \
	(SET_PARALLEL_SI | B(LONG_FORK) | B(G_NONADJACENT) | B(NO_SNAPSHOT_ORDER))
#define SET_REPEATABLE_READ   (SET_SNAPSHOT | B(G2_ITEM) | B(NO_SERIAL_ORDER))
#define SET_SERIALIZABLE      SET_REPEATABLE_READ
#define SET_COMMITTED_PROCESS (B(G0_PROCESS) | B(G1C_PROCESS))
#define SET_MONOTONIC_PROCESS (SET_COMMITTED_PROCESS | B(NON_MONOTONIC_PROCESS))
#define SET_ATOMIC_PROCESS    (SET_MONOTONIC_PROCESS | B(FRACTURED_PROCESS))
#define SET_CAUSAL	      (SET_READ_ATOMIC | SET_ATOMIC_PROCESS | B(CAUSALITY))
#define SET_SNAPSHOT_PROCESS                                                             \
	(SET_ATOMIC_PROCESS | B(CAUSALITY) | B(G_SINGLE_PROCESS) |                       \
	 B(G_NONADJACENT_PROCESS) | B(NO_SNAPSHOT_PROCESS))
#define SET_SERIALIZABLE_PROCESS                                                         \
	(SET_SNAPSHOT_PROCESS | B(G2_PROCESS) | B(NO_SERIAL_PROCESS))
#define SET_COMMITTED_REALTIME (B(G0_REALTIME) | B(G1C_REALTIME))
#define SET_SNAPSHOT_REALTIME                                                            \
	(SET_COMMITTED_REALTIME | B(G_SINGLE_REALTIME) | B(G_NONADJACENT_REALTIME) |     \
	 B(NO_SNAPSHOT_REALTIME))
#define SET_SERIALIZABLE_REALTIME                                                        \
	(SET_SNAPSHOT_REALTIME | B(G2_REALTIME) | B(NO_SERIAL_REALTIME))

static const struct {
	const char *name;
	uint64_t forbids;
} levels[] = {
#define ANOMALY(id, name, definition)
#define LEVEL(id, name, forbids) {name, forbids},
#include "checkers/transaction/isolation.def"
#undef ANOMALY
#undef LEVEL
};

static const struct {
	const char *name, *definition;
} anomalies[] = {
#define ANOMALY(id, name, definition) {name, definition},
#define LEVEL(id, name, forbids)
#include "checkers/transaction/isolation.def"
#undef ANOMALY
#undef LEVEL
};

enum {
	LEVEL_COUNT = sizeof(levels) / sizeof(levels[0])
};

size_t
level_count(void)
{
	return LEVEL_COUNT;
}

const char *
level_name(size_t level)
{
	return levels[level].name;
}

const char *
anomaly_name(enum isolation_anomaly anomaly)
{
	return anomalies[anomaly].name;
}

const char *
anomaly_definition(enum isolation_anomaly anomaly)
{
	return anomalies[anomaly].definition;
}

uint64_t
level_forbids(size_t level)
{
	return levels[level].forbids;
}

enum verdict
level_state(size_t level, const struct isolation *isolation)
{
	if ((levels[level].forbids & isolation->found) != 0)
		return VERDICT_INVALID;
	return (levels[level].forbids & isolation->open) != 0 ? VERDICT_UNKNOWN
							      : VERDICT_VALID;
}

bool
level_find(const char *name, size_t *level, struct err *err)
{
	const char *names[LEVEL_COUNT];

	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		names[i] = levels[i].name;
		if (strcmp(names[i], name) == 0) {
			*level = i;
			return true;
		}
	}
	const char *nearest = text_nearest(name, names, LEVEL_COUNT);
	err_set(err, "unknown isolation level '%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	return false;
}

/* ---- words ----------------------------------------------------------------------------
 */

static void
print_step(const struct dependencies *d, const struct cycle *cycle, size_t i,
	   struct buf *out)
{
	uint32_t from = cycle->txns.items[i];
	uint32_t to = cycle->txns.items[(i + 1) % cycle->txns.count];
	uint8_t kind = cycle->kinds.items[i];

	buf_printf(out, "T%u < T%u because ", from, to);
	if (kind == EDGE_PROCESS)
		buf_printf(out, "process %u ran T%u first",
			   txn_op(&d->txns, from)->process, from);
	else if (kind == EDGE_REALTIME)
		buf_printf(out, "T%u was over (event %u) before T%u began (event %u)",
			   from, d->end[from], to, d->begin[to]);
	else
		d->explain(d, from, to, (enum edge_kind)kind, out);
	buf_string(out, "\n");
}

static void
report_cycle(const struct dependencies *d, const struct cycle *cycle,
	     struct check_result *result)
{
	struct anomaly *anomaly =
		check_result_anomaly(result, anomalies[cycle->anomaly].name, VAL_OF_NIL);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	buf_printf(&text, "%s: %s\n", anomalies[cycle->anomaly].name,
		   anomalies[cycle->anomaly].definition);
	vec_each (uint32_t, txn, &cycle->txns) {
		txn_describe(&d->txns, *txn, &text);
		buf_char(&text, '\n');
		vec_push(&anomaly->ops, d->txns.of.items[*txn].op);
	}
	for (size_t i = 0; i < cycle->txns.count; i++)
		print_step(d, cycle, i, &text);
	buf_string(&text, "so each would have to come before itself");
	anomaly->text = text.data;
}

static void
print_blame(const struct dependencies *d, const struct finding *finding, struct buf *text)
{
	if (finding->txn != UINT32_MAX) {
		txn_describe(&d->txns, finding->txn, text);
		buf_char(text, '\n');
	}
	if (finding->other != UINT32_MAX) {
		txn_describe(&d->txns, finding->other, text);
		buf_char(text, '\n');
	}
	buf_string(text, "on key ");
	val_print(&d->txns.history->values, d->txns.keys.items[finding->key], text);
	buf_string(text, ", value ");
	val_print(&d->txns.history->values, finding->value, text);
}

static void
report_finding(const struct dependencies *d, const struct finding *finding,
	       struct check_result *result)
{
	struct anomaly *anomaly =
		check_result_anomaly(result, anomalies[finding->anomaly].name,
				     d->txns.keys.items[finding->key]);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	buf_printf(&text, "%s: %s\n", anomalies[finding->anomaly].name,
		   anomalies[finding->anomaly].definition);
	print_blame(d, finding, &text);
	if (finding->txn != UINT32_MAX)
		vec_push(&anomaly->ops, d->txns.of.items[finding->txn].op);
	if (finding->other != UINT32_MAX)
		vec_push(&anomaly->ops, d->txns.of.items[finding->other].op);
	anomaly->text = text.data;
}

/* Names of levels that hold and of which no stronger listed one holds, and the reverse. A
 * level is stronger than another when it forbids more. */
static void
print_frontier(const struct isolation *isolation, bool broken, struct buf *out)
{
	enum verdict wanted = broken ? VERDICT_INVALID : VERDICT_VALID;
	bool first = true;

	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		bool on_frontier = level_state(i, isolation) == wanted;
		for (size_t j = 0; j < LEVEL_COUNT && on_frontier; j++) {
			uint64_t weak = levels[broken ? j : i].forbids;
			uint64_t strong = levels[broken ? i : j].forbids;
			if (weak != strong && (weak & ~strong) == 0 &&
			    level_state(j, isolation) == wanted)
				on_frontier = false;
		}
		if (!on_frontier)
			continue;
		buf_printf(out, "%s%s", first ? "" : ", ", levels[i].name);
		first = false;
	}
	if (first)
		buf_string(out, "none");
}

static void
print_details(const struct dependencies *d, const struct isolation *isolation,
	      struct buf *details)
{
	bool first = true;

	buf_string(details, "\"strongest-that-hold\":\"");
	print_frontier(isolation, false, details);
	buf_string(details, "\",\"weakest-broken\":\"");
	print_frontier(isolation, true, details);
	buf_printf(details, "\",\"transactions\":%zu,\"edges\":%zu,\"anomaly-types\":[",
		   d->txns.of.count, d->graph.edge_count);
	for (int i = 0; i < ANOMALY_COUNT; i++)
		if (isolation->found >> i & 1) {
			buf_printf(details, "%s\"%s\"", first ? "" : ",",
				   anomalies[i].name);
			first = false;
		}
	buf_char(details, ']');
}

static void
report_all(const struct dependencies *d, const struct isolation *isolation,
	   uint64_t forbidden, struct check_result *result)
{
	uint64_t told = 0;

	vec_each (const struct cycle, cycle, &isolation->cycles)
		if (forbidden >> cycle->anomaly & 1)
			report_cycle(d, cycle, result);
	vec_each (const struct finding, finding, &d->findings) {
		uint64_t bit = UINT64_C(1) << finding->anomaly;
		if ((forbidden & bit) == 0)
			continue;
		if ((told & bit) == 0)
			report_finding(d, finding, result);
		else
			result->anomaly_count++;
		told |= bit;
	}
}

void
isolation_report(const struct dependencies *d, const struct isolation *isolation,
		 const char *level, struct check_result *result)
{
	struct buf reason = {0};
	struct err err;
	size_t asked = LEVEL_COUNT - 1;

	if (level != NULL && !level_find(level, &asked, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	result->verdict = level_state(asked, isolation);
	report_all(d, isolation, levels[asked].forbids, result);
	buf_printf(&reason, "%zu transactions are %s%s; the strongest level that holds: ",
		   d->txns.of.count,
		   result->verdict == VERDICT_VALID	? ""
		   : result->verdict == VERDICT_INVALID ? "not "
							: "perhaps not ",
		   levels[asked].name);
	print_frontier(isolation, false, &reason);
	if (result->verdict == VERDICT_UNKNOWN && isolation->why_open != NULL)
		buf_printf(&reason, " (%s)", isolation->why_open);
	if (isolation->found != 0) {
		buf_string(&reason, "; the weakest that is broken: ");
		print_frontier(isolation, true, &reason);
	}
	print_details(d, isolation, &result->details);
	result->reason = reason.data;
}
