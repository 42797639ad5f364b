/* Laws that hold for checkers whatever they decide: a history is told in another way, or
 * says less, or stands beside another one, and the verdict is the same, or valid did not
 * become invalid. One line a checker says which laws hold for it. Histories come from the
 * generator, valid and with a planted mutation. More of them with FAULTLINE_LAW_SEEDS=N. */
#include "base/mem.h"
#include "base/rng.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "results/formats/reader.h"
#include "tests/checkers/plain_writes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SEEDS = 8,
	OPERATIONS = 60,
	PROCESSES_BESIDE = 1000, /* where those of the history beside begin */
};

#define HOUR_NS	  3600000000000
#define BYTES_MAX ((size_t)64 << 20)

/* ---- the histories ------------------------------------------------------------------------- */

enum law_kind {
	OTHER_PROCESSES = 1 << 0, /* processes have other numbers */
	LATER = 1 << 1,		  /* everything happened an hour later */
	OTHER_LINES =
		1 << 2, /* neighbouring invocations, or completions, change places */
	NO_FAILURES = 1 << 3, /* what failed is not told */
	ROUND_TRIP = 1 << 4,  /* written as JSON, as EDN, as JSON again */
	SHIFTED = 1 << 5,     /* all numbers are greater by as much */
	BESIDE = 1 << 6,      /* a valid history of other keys stands beside it */
	FORGOTTEN = 1 << 7,   /* the outcome of some operations is not known */
	STRETCHED = 1 << 8,   /* some completions came later */
};

enum {
	TOLD_OTHERWISE = OTHER_PROCESSES | LATER | OTHER_LINES | ROUND_TRIP,
	ANY_HISTORY = TOLD_OTHERWISE | NO_FAILURES | FORGOTTEN | STRETCHED,
	OPAQUE_VALUES = ANY_HISTORY | SHIFTED,
	EACH_KEY = OPAQUE_VALUES | BESIDE,
};

static const struct row {
	const char *type;    /* of generated history */
	const char *checker; /* NULL: the type's own */
	const char *level;
	unsigned laws;
} rows[] = {
	{"register", "register", NULL, EACH_KEY},
	{"cas-register", "register", NULL, EACH_KEY},
	{"register", "sequential", NULL, EACH_KEY},
	{"register", "causal", NULL, EACH_KEY},
	{"register", "causal-cc", NULL, EACH_KEY},
	{"register", "causal-ccv", NULL, EACH_KEY},
	{"register", "causal-cm", NULL, EACH_KEY},
	{"register", "pram", NULL, EACH_KEY},
	{"register", "session", NULL, EACH_KEY},
	{"register", "read-your-writes", NULL, EACH_KEY},
	{"register", "monotonic-reads", NULL, EACH_KEY},
	{"register", "monotonic-writes", NULL, EACH_KEY},
	{"register", "writes-follow-reads", NULL, EACH_KEY},
	{"register", "regular", NULL, EACH_KEY},
	{"register", "safe", NULL, EACH_KEY},
	{"register", "staleness", "1", EACH_KEY},
	{"versioned-register", NULL, NULL, EACH_KEY},
	{"multi-register", NULL, NULL, OPAQUE_VALUES},
	{"sequential", NULL, NULL, EACH_KEY},
	{"causal", NULL, NULL, EACH_KEY},
	{"convergence", NULL, NULL, EACH_KEY},
	{"set", "set", NULL, EACH_KEY},
	{"set", "set-full", NULL, EACH_KEY},
	{"causal-reverse", NULL, NULL, OPAQUE_VALUES},
	{"dirty-reads", NULL, NULL, OPAQUE_VALUES},
	{"queue", NULL, NULL, EACH_KEY},
	{"stack", NULL, NULL, EACH_KEY},
	{"bag", NULL, NULL, EACH_KEY},
	{"priority-queue", NULL, NULL, EACH_KEY},
	{"total-queue", NULL, NULL, EACH_KEY},
	{"tuple-space", NULL, NULL, EACH_KEY},
	{"counter", NULL, NULL, ANY_HISTORY | BESIDE},
	{"fetch-add", NULL, NULL, ANY_HISTORY | BESIDE},
	{"lock", NULL, NULL, EACH_KEY},
	{"fenced-lock", NULL, NULL, EACH_KEY},
	{"semaphore", NULL, NULL, ANY_HISTORY | BESIDE},
	{"ids", NULL, NULL, EACH_KEY},
	{"log", NULL, NULL, EACH_KEY},
	{"kafka", NULL, NULL, ANY_HISTORY},
	/* the last collect is judged: of two at once the later line is the last */
	{"stream", NULL, NULL, ANY_HISTORY & ~(unsigned)OTHER_LINES},
	{"list-append", NULL, NULL, OPAQUE_VALUES},
	{"rw-register", NULL, NULL, OPAQUE_VALUES},
	{"rw-register", NULL, "serializable", OPAQUE_VALUES},
	{"list-append", NULL, "snapshot-isolation", OPAQUE_VALUES},
	{"long-fork", NULL, NULL, OPAQUE_VALUES},
	{"g2", NULL, NULL, OPAQUE_VALUES},
	{"monotonic", NULL, NULL, ANY_HISTORY},
	{"bank", NULL, NULL, ANY_HISTORY},
	{"versions", NULL, NULL, ANY_HISTORY},
	{"bookstore", NULL, NULL, ANY_HISTORY},
	{"tokens", NULL, NULL, ANY_HISTORY | BESIDE},
};

static const struct generate_type *
type_of(const struct row *row)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(types[i]->name, row->type) == 0)
			return types[i];
	fail_msg("no type is called '%s'", row->type);
	return NULL;
}

/* Only linearizability knows compare-and-set. */
static bool
has_plain_writes(const struct row *row)
{
	return strcmp(row->type, "register") == 0 &&
	       strcmp(row->checker, "register") != 0;
}

static void
generate(const struct row *row, bool is_valid, uint64_t seed, struct history *history)
{
	struct generate_options options = {.type = row->type,
					   .mutate = is_valid ? NULL : "any",
					   .operations = OPERATIONS,
					   .processes = 2 + (uint32_t)(seed % 4),
					   .info_percent = seed % 2 ? 5 : 0,
					   .fail_percent = 5,
					   .seed = seed};
	struct err err;

	history_init(history);
	if (!generate_history(history, &options, &err))
		fail_msg("%s: %s", row->type, err.text);
	if (has_plain_writes(row))
		plain_writes(history);
}

/* NONE when its own certificate contradicts the verdict. */
static enum verdict
judge(const struct row *row, const struct history *history)
{
	const struct generate_type *type = type_of(row);
	struct check_options options = {.threads = 1,
					.model = type->model,
					.level = row->level,
					.budget.bytes_max = BYTES_MAX};
	const char *name = row->checker != NULL	   ? row->checker
			   : type->checker != NULL ? type->checker
						   : type->name;
	struct check_result result;
	struct err err;

	if (type->init != NULL)
		options.init = val_small(strtol(type->init, NULL, 10));
	checker_run(checker_find(name, &err), history, &options, &result);
	bool is_bug = strstr(result.reason, "a bug of the checker") != NULL;
	if (is_bug)
		print_error("%s: %s\n", name, result.reason);
	enum verdict verdict = is_bug ? VERDICT_NONE : result.verdict;
	check_result_release(&result);
	return verdict;
}

/* ---- events in their order ------------------------------------------------------------------ */

struct moment {
	uint32_t op;
	bool is_end;
};

struct line {
	VEC(struct moment) events;
};

static void
line_of(const struct history *history, struct line *line)
{
	struct moment *at = mem_new((size_t)history->events + 1, sizeof(*at));
	bool *is_there = mem_new((size_t)history->events + 1, sizeof(*is_there));

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		at[op->invoke_at] = (struct moment){i, false};
		is_there[op->invoke_at] = true;
		if (op->complete_at == OP_NEVER)
			continue;
		at[op->complete_at] = (struct moment){i, true};
		is_there[op->complete_at] = true;
	}
	for (uint32_t i = 0; i < history->events; i++)
		if (is_there[i])
			vec_push(&line->events, at[i]);
	free(at);
	free(is_there);
}

/* Gives the events the positions of the line, and releases it. Time does not go back. */
static void
line_up(struct history *history, struct line *line)
{
	int64_t now = 0;

	for (uint32_t i = 0; i < line->events.count; i++) {
		bool is_end = line->events.items[i].is_end;
		struct op *op = &history->ops.items[line->events.items[i].op];
		int64_t *ns = is_end ? &op->complete_ns : &op->invoke_ns;
		*(is_end ? &op->complete_at : &op->invoke_at) = i;
		now = *ns > now ? *ns : now;
		*ns = now;
	}
	vec_release(&line->events);
	history_sort(history);
}

static uint32_t
process_of(const struct history *history, const struct moment *event)
{
	return history->ops.items[event->op].process;
}

/* ---- the laws ------------------------------------------------------------------------------- */

static void
other_processes(struct history *history, struct rng *rng)
{
	(void)rng;
	vec_each (struct op, op, &history->ops)
		op->process = 5000 - op->process;
}

static void
later(struct history *history, struct rng *rng)
{
	(void)rng;
	vec_each (struct op, op, &history->ops) {
		op->invoke_ns += HOUR_NS;
		op->complete_ns += op->complete_ns < 0 ? 0 : HOUR_NS;
	}
}

static void
other_lines(struct history *history, struct rng *rng)
{
	struct line line = {0};

	line_of(history, &line);
	for (size_t i = 1; i < line.events.count; i++) {
		struct moment *a = &line.events.items[i - 1], *b = a + 1, kept = *a;
		if (a->is_end != b->is_end || !rng_chance(rng, 0.5) ||
		    process_of(history, a) == process_of(history, b))
			continue;
		*a = *b;
		*b = kept;
	}
	line_up(history, &line);
}

static void
no_failures(struct history *history, struct rng *rng)
{
	size_t kept = 0;

	(void)rng;
	for (size_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].type != OP_FAIL)
			history->ops.items[kept++] = history->ops.items[i];
	history->ops.count = kept;
	history_sort(history);
}

static void
write_and_read(struct history *history, const char *format_name, const char *key)
{
	const struct reader_options options = {.format = format_name, .key = key};
	struct history again;
	char *text = NULL;
	size_t bytes = 0;
	struct err err;
	FILE *to = open_memstream(&text, &bytes);

	assert_true(format_find(format_name, &err)->write(history, to));
	fclose(to);
	history_init(&again);
	if (!reader_read_bytes((struct bytes){text, bytes}, "h", &options, &again, NULL,
			       &err))
		fail_msg("%s", err.text);
	free(text);
	history_release(history);
	*history = again;
}

static void
round_trip(struct history *history, struct rng *rng)
{
	bool has_keys = history->ops.items[0].key != VAL_OF_NIL;

	(void)rng;
	write_and_read(history, "jsonl", "none");
	write_and_read(history, "edn", has_keys ? "tuple" : "none");
	write_and_read(history, "jsonl", "none");
}

static val
shift(struct values *values, val v)
{
	enum val_kind kind = val_kind(v);

	if (kind == VAL_INT)
		return val_int(values, val_number(values, v) + 1000);
	if (kind != VAL_LIST && kind != VAL_MAP)
		return v;
	size_t count = val_count(values, v);
	val *items = mem_new(count + 1, sizeof(*items));
	for (size_t i = 0; i < count; i++)
		items[i] = shift(values, val_at(values, v, i));
	val shifted = kind == VAL_LIST ? val_list(values, items, count)
				       : val_map(values, items, count);
	free(items);
	return shifted;
}

static void
shifted(struct history *history, struct rng *rng)
{
	(void)rng;
	vec_each (struct op, op, &history->ops) {
		op->key = shift(&history->values, op->key);
		op->input = shift(&history->values, op->input);
		op->output = shift(&history->values, op->output);
	}
}

static void
forgotten(struct history *history, struct rng *rng)
{
	for (int k = 0; k < 3; k++) {
		struct op *op = &history->ops.items[rng_below(rng, history->ops.count)];
		if (op->type != OP_OK)
			continue;
		op->type = OP_INFO;
		op->complete_at = OP_NEVER;
		op->complete_ns = -1;
		op->output = VAL_OF_NIL;
	}
	history_sort(history);
}

/* Each completion goes a few events on, not beyond what its process does next. */
static void
stretched(struct history *history, struct rng *rng)
{
	struct line line = {0};

	line_of(history, &line);
	for (size_t i = line.events.count; i-- > 0;) {
		uint64_t steps = rng_below(rng, 8);
		for (size_t at = i; line.events.items[i].is_end && steps > 0 &&
				    at + 1 < line.events.count;
		     at++, steps--) {
			struct moment *a = &line.events.items[at], *b = a + 1, kept = *a;
			if (process_of(history, a) == process_of(history, b))
				break;
			*a = *b;
			*b = kept;
		}
	}
	line_up(history, &line);
}

/* Another history of the same type, valid, of other keys and processes, at the same time. */
static void
beside(struct history *history, const struct row *row, uint64_t seed)
{
	struct values *values = &history->values;
	struct history other;

	generate(row, true, seed + 12345, &other);
	vec_each (struct op, op, &other.ops) {
		struct op copy = *op;
		copy.f = history_f(history, history_f_name(&other, op->f),
				   strlen(history_f_name(&other, op->f)));
		copy.key = val_pair(values, val_string(values, "beside"),
				    val_copy(values, &other.values, op->key));
		copy.input = val_copy(values, &other.values, op->input);
		copy.output = val_copy(values, &other.values, op->output);
		copy.error = 0;
		copy.process += PROCESSES_BESIDE;
		history_add(history, &copy);
	}
	history_release(&other);
	history_sort(history);
}

/* ---- trying them ---------------------------------------------------------------------------- */

static const struct law {
	enum law_kind kind;
	const char *name;
	void (*apply)(struct history *history, struct rng *rng);
	bool says_less; /* then valid may become unknown, and nothing else is said */
} laws[] = {
	{OTHER_PROCESSES, "other processes", other_processes, false},
	{LATER, "later", later, false},
	{OTHER_LINES, "other lines", other_lines, false},
	{NO_FAILURES, "no failures", no_failures, false},
	{ROUND_TRIP, "round trip", round_trip, false},
	{SHIFTED, "shifted", shifted, false},
	{BESIDE, "beside", NULL, false},
	{FORGOTTEN, "forgotten", forgotten, true},
	{STRETCHED, "stretched", stretched, true},
};

static void
show(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " [%u %u]\n", op->invoke_at, op->complete_at);
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

static bool
holds(const struct law *law, enum verdict before, enum verdict after)
{
	if (before == VERDICT_NONE || after == VERDICT_NONE)
		return false;
	return law->says_less ? before != VERDICT_VALID || after != VERDICT_INVALID
			      : before == after;
}

static bool met[VERDICT_UNKNOWN + 1]; /* by the row that is tried */

/* 1 when the law is broken. */
static int
try_law(const struct row *row, const struct law *law, bool is_valid, uint64_t seed)
{
	struct history history;
	struct rng rng;

	rng_init(&rng, seed);
	generate(row, is_valid, seed, &history);
	enum verdict before = judge(row, &history);
	met[before] = true;
	if (law->apply != NULL)
		law->apply(&history, &rng);
	else
		beside(&history, row, seed);
	enum verdict after = judge(row, &history);
	bool is_broken = !holds(law, before, after);
	if (is_broken && getenv("SHOW") != NULL)
		show(&history);
	if (is_broken)
		print_error("%s by %s, %s, seed %llu, %s: %s became %s\n", row->type,
			    row->checker != NULL ? row->checker : "its own checker",
			    is_valid ? "valid" : "mutated", (unsigned long long)seed,
			    law->name, verdict_name(before), verdict_name(after));
	history_release(&history);
	return is_broken;
}

/* How many were broken. A law says nothing where all is unknown. */
static int
try_row(const struct row *row, uint64_t seeds)
{
	int broken = 0;

	memset(met, 0, sizeof(met));
	for (size_t k = 0; k < sizeof(laws) / sizeof(laws[0]); k++)
		for (uint64_t seed = 1; seed <= 2 * seeds; seed++)
			if (row->laws & laws[k].kind)
				broken += try_law(row, &laws[k], seed % 2, seed);
	if (!met[VERDICT_VALID] || !met[VERDICT_INVALID])
		fail_msg("%s by %s: valid %d, invalid %d", row->type,
			 row->checker != NULL ? row->checker : "its own checker",
			 met[VERDICT_VALID], met[VERDICT_INVALID]);
	return broken;
}

static void
the_laws_of_each_checker_hold(void **state)
{
	const char *wanted = getenv("FAULTLINE_LAW_SEEDS");
	uint64_t seeds = wanted != NULL ? strtoull(wanted, NULL, 10) : SEEDS;
	int broken = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		broken += try_row(&rows[i], seeds);
	assert_int_equal(broken, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_laws_of_each_checker_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
