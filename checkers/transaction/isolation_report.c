/* isolation_report.c - levels, and what was found in words. */
#include "checkers/transaction/isolation.h"

#include "base/text.h"
#include "checkers/transaction/findings.h"
#include "checkers/transaction/steps.h"

#include <string.h>

#define B(id) (UINT64_C(1) << ANOMALY_##id)
#define SET_READ_UNCOMMITTED                                                             \
	(B(GARBAGE_READ) | B(DUPLICATE) | B(INCOMPATIBLE_ORDER) | B(G0) |                \
	 B(PREDICATE_MISMATCH))
#define SET_READ_COMMITTED                                                               \
	(SET_READ_UNCOMMITTED | B(G1A) | B(G1B) | B(G1C) | B(DIRTY_UPDATE))
#define SET_MONOTONIC_VIEW   (SET_READ_COMMITTED | B(NON_MONOTONIC_VIEW))
#define SET_READ_ATOMIC	     (SET_MONOTONIC_VIEW | B(INTERNAL) | B(FRACTURED_READ))
#define SET_CURSOR_STABILITY (SET_READ_COMMITTED | B(LOST_UPDATE))
#define SET_UPDATE_ATOMIC    (SET_READ_ATOMIC | B(LOST_UPDATE))
/* A lost update is a G-single in every order of the two writes. */
#define SET_CONSISTENT_VIEW (SET_READ_ATOMIC | B(G_SINGLE) | B(LOST_UPDATE))
#define SET_PARALLEL_SI	    SET_CONSISTENT_VIEW
#define SET_SNAPSHOT                                                                     \
	(SET_PARALLEL_SI | B(LONG_FORK) | B(G_NONADJACENT) | B(NO_SNAPSHOT_ORDER))
#define SET_REPEATABLE_READ   (SET_SNAPSHOT | B(G2_ITEM) | B(NO_SERIAL_ORDER))
#define SET_REPEATABLE_ITEMS  (SET_READ_COMMITTED | B(G2_ITEM) | B(NO_SERIAL_ORDER))
#define SET_SERIALIZABLE      (SET_REPEATABLE_READ | B(G2))
#define SET_PREDICATES	      (B(G2) | B(PREDICATE_PROCESS) | B(PREDICATE_REALTIME))
#define SET_COMMITTED_PROCESS (B(G0_PROCESS) | B(G1C_PROCESS))
#define SET_MONOTONIC_PROCESS (SET_COMMITTED_PROCESS | B(NON_MONOTONIC_PROCESS))
#define SET_ATOMIC_PROCESS    (SET_MONOTONIC_PROCESS | B(FRACTURED_PROCESS))
#define SET_CAUSAL	      (SET_READ_ATOMIC | SET_ATOMIC_PROCESS | B(CAUSALITY))
#define SET_SNAPSHOT_PROCESS                                                             \
	(SET_ATOMIC_PROCESS | B(CAUSALITY) | B(G_SINGLE_PROCESS) |                       \
	 B(G_NONADJACENT_PROCESS) | B(NO_SNAPSHOT_PROCESS))
#define SET_SERIALIZABLE_PROCESS                                                         \
	(SET_SNAPSHOT_PROCESS | B(G2_PROCESS) | B(PREDICATE_PROCESS) |                   \
	 B(NO_SERIAL_PROCESS))
#define SET_COMMITTED_REALTIME (B(G0_REALTIME) | B(G1C_REALTIME))
#define SET_SNAPSHOT_REALTIME                                                            \
	(SET_COMMITTED_REALTIME | B(G_SINGLE_REALTIME) | B(G_NONADJACENT_REALTIME) |     \
	 B(NO_SNAPSHOT_REALTIME))
#define SET_SERIALIZABLE_REALTIME                                                        \
	(SET_SNAPSHOT_REALTIME | B(G2_REALTIME) | B(PREDICATE_REALTIME) |                \
	 B(NO_SERIAL_REALTIME))

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
	LEVEL_COUNT = sizeof(levels) / sizeof(levels[0]),
	STEPS_SHOWN = 12
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

enum isolation_anomaly
anomaly_find(const char *name)
{
	int anomaly = 0;

	while (anomaly < ANOMALY_COUNT && strcmp(anomalies[anomaly].name, name) != 0)
		anomaly++;
	return (enum isolation_anomaly)anomaly;
}

uint64_t
level_forbids(size_t level)
{
	return levels[level].forbids;
}

uint64_t
level_forbids_named(const char *name)
{
	size_t level;
	struct err err;

	return level_find(name, &level, &err) ? level_forbids(level) : 0;
}

uint64_t
level_forbids_of(size_t level, bool has_predicates)
{
	if (!has_predicates)
		return levels[level].forbids & ~SET_PREDICATES;
	return levels[level].forbids == SET_REPEATABLE_READ ? SET_REPEATABLE_ITEMS
							    : levels[level].forbids;
}

enum verdict
level_state(size_t level, const struct isolation *isolation)
{
	uint64_t forbids = level_forbids_of(level, isolation->has_predicates);

	if ((forbids & isolation->found) != 0)
		return VERDICT_INVALID;
	return (forbids & isolation->open) != 0 ? VERDICT_UNKNOWN : VERDICT_VALID;
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

/* Who else shows a step, where no step before it told of them. */
static void
print_witness(const struct history *history, const struct anomaly *anomaly, size_t i,
	      struct buf *text)
{
	uint32_t witness = anomaly->steps.items[i].witness;
	bool is_told = witness == UINT32_MAX;

	for (size_t j = 0; j < anomaly->steps.count; j++)
		is_told |= anomaly->steps.items[j].from == witness ||
			   (j < i && anomaly->steps.items[j].witness == witness);
	if (is_told)
		return;
	step_print_txn(history, witness, text);
	buf_char(text, '\n');
}

/* The steps in words, and whose they are; long cycles are cut. */
static void
print_cycle(const struct history *history, const struct anomaly *anomaly,
	    struct buf *text)
{
	size_t count = anomaly->steps.count,
	       shown = count < STEPS_SHOWN ? count : STEPS_SHOWN;

	for (size_t i = 0; i < shown; i++) {
		step_print_txn(history, anomaly->steps.items[i].from, text);
		buf_char(text, '\n');
	}
	for (size_t i = 0; i < shown; i++)
		print_witness(history, anomaly, i, text);
	for (size_t i = 0; i < shown; i++) {
		step_print(history, &anomaly->steps.items[i], text);
		buf_char(text, '\n');
	}
	if (shown < count)
		buf_printf(text, "and %zu steps more lead back to T%u\n", count - shown,
			   anomaly->steps.items[0].from);
	buf_string(text, "so each would have to come before itself");
}

static void
report_cycle(const struct dependencies *d, const struct cycle *cycle,
	     struct check_result *result)
{
	struct anomaly named = {0};
	struct buf text = {0};

	if (!steps_find(d, cycle, &named))
		return;
	struct anomaly *anomaly =
		check_result_anomaly(result, anomalies[cycle->anomaly].name, VAL_OF_NIL);
	if (anomaly == NULL) {
		vec_release(&named.steps);
		return;
	}
	memcpy(&anomaly->steps, &named.steps, sizeof(named.steps));
	buf_printf(&text, "%s\n", anomalies[cycle->anomaly].definition);
	print_cycle(d->txns.history, anomaly, &text);
	vec_each (const struct anomaly_step, step, &anomaly->steps)
		vec_push(&anomaly->ops, step->from);
	anomaly->text = text.data;
}

static void
name_txn(const struct dependencies *d, uint32_t txn, struct anomaly *anomaly,
	 struct buf *text)
{
	if (txn == UINT32_MAX)
		return;
	uint32_t op = d->txns.of.items[txn].op;
	step_print_txn(d->txns.history, op, text);
	buf_char(text, '\n');
	vec_push(&anomaly->ops, op);
}

static void
report_finding(const struct dependencies *d, const struct finding *found,
	       struct check_result *result)
{
	struct finding finding = finding_complete(d, found);
	struct anomaly *anomaly = check_result_anomaly(
		result, anomalies[finding.anomaly].name, d->txns.keys.items[finding.key]);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	anomaly->subject = finding.value;
	buf_printf(&text, "%s\n", anomalies[finding.anomaly].definition);
	name_txn(d, finding.txn, anomaly, &text);
	name_txn(d, finding.other, anomaly, &text);
	finding_print(d, &finding, &text);
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
			uint64_t weak = level_forbids_of(broken ? j : i,
							 isolation->has_predicates);
			uint64_t strong = level_forbids_of(broken ? i : j,
							   isolation->has_predicates);
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

/* A cycle of a class with process or real-time edges that has none of these: the plain class
 * tells it already, as a long fork does what is nonadjacent. */
static bool
is_told(const struct isolation *isolation, const struct cycle *cycle)
{
	const char *name = anomalies[cycle->anomaly].name, *suffix = strrchr(name, '-');
	uint8_t own = suffix == NULL			 ? 0
		      : strcmp(suffix, "-process") == 0	 ? EDGE_PROCESS
		      : strcmp(suffix, "-realtime") == 0 ? EDGE_REALTIME
							 : 0;

	if (cycle->anomaly == ANOMALY_G_NONADJACENT &&
	    (isolation->found & anomaly_bit(ANOMALY_LONG_FORK)) != 0)
		return true;
	vec_each (const uint8_t, kind, &cycle->kinds)
		if (own == 0 || *kind == own)
			return false;
	for (int i = 0; i < ANOMALY_COUNT; i++)
		if (strlen(anomalies[i].name) == (size_t)(suffix - name) &&
		    strncmp(anomalies[i].name, name, (size_t)(suffix - name)) == 0)
			return (isolation->found >> i & 1) != 0;
	return false;
}

/* The first finding of an anomaly is told, the others are counted. */
static void
report_findings(const struct dependencies *d, enum isolation_anomaly anomaly,
		struct check_result *result)
{
	bool told = false;

	vec_each (const struct finding, finding, &d->findings) {
		if (finding->anomaly != anomaly)
			continue;
		if (told)
			result->anomaly_count++;
		else
			report_finding(d, finding, result);
		told = true;
	}
}

/* From the grossest to the subtlest. */
static void
report_all(const struct dependencies *d, const struct isolation *isolation,
	   uint64_t forbidden, struct check_result *result)
{
	for (int a = 0; a < ANOMALY_COUNT; a++) {
		if ((forbidden >> a & 1) == 0)
			continue;
		vec_each (const struct cycle, cycle, &isolation->cycles)
			if ((int)cycle->anomaly == a && !is_told(isolation, cycle))
				report_cycle(d, cycle, result);
		report_findings(d, (enum isolation_anomaly)a, result);
	}
}

/* What else clients did says nothing here, but nobody should think that it was judged. */
static void
print_others(const struct history *history, struct buf *reason)
{
	size_t others = 0;

	vec_each (struct op, op, &history->ops)
		others += op->f != F_TXN;
	if (others > 0)
		buf_printf(reason, "; %zu operation%s no transaction%s", others,
			   others == 1 ? " is" : "s are", others == 1 ? "" : "s");
}

/* Some level that the one asked for does not include is not known: of registers, those are
 * not looked at. */
static bool
leaves_levels_out(const struct isolation *isolation, size_t asked)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++)
		if ((levels[i].forbids & ~levels[asked].forbids) != 0 &&
		    level_state(i, isolation) == VERDICT_UNKNOWN)
			return true;
	return false;
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
	if (d->txns.of.count == 0) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string("no operation is a transaction");
		return;
	}
	result->verdict = level_state(asked, isolation);
	report_all(d, isolation, levels[asked].forbids, result);
	buf_printf(&reason, "%zu transaction%s %s%s; the strongest level that holds: ",
		   d->txns.of.count, d->txns.of.count == 1 ? " is" : "s are",
		   result->verdict == VERDICT_VALID	? ""
		   : result->verdict == VERDICT_INVALID ? "not "
							: "perhaps not ",
		   levels[asked].name);
	print_frontier(isolation, false, &reason);
	if (result->verdict == VERDICT_UNKNOWN && isolation->why_open != NULL)
		buf_printf(&reason, " (%s)", isolation->why_open);
	else if (leaves_levels_out(isolation, asked))
		buf_printf(&reason, " (%s were not asked about)",
			   result->verdict == VERDICT_VALID ? "stronger ones" : "others");
	if (isolation->found != 0) {
		buf_string(&reason, "; the weakest that is broken: ");
		print_frontier(isolation, true, &reason);
	}
	print_others(d->txns.history, &reason);
	print_details(d, isolation, &result->details);
	result->reason = reason.data;
}
