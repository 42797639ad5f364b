/* What is told of a run, against plain counting: operations by function and outcome, errors
 * by class, lines of logs that match. Functions, classes and patterns are made so that it is
 * known what must be found. */
#include "base/rng.h"
#include "checkers/jepsen/log_pattern.h"
#include "tests/checkers/random_count.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

extern const struct checker checker_stats, checker_exceptions;

enum {
	OPS_MAX = 12,
	TEXT_MAX = 128
};

static const enum op_type types[] = {OP_OK, OP_FAIL, OP_INFO};

static void
run(const struct checker *checker, const struct history *history,
    struct check_result *result)
{
	struct check_options options = {0};

	checker_run(checker, history, &options, result);
}

static void
assert_told(const struct check_result *result, const struct buf *expected)
{
	const char *details = buf_text(&result->details);

	if (strstr(details, buf_text(expected)) == NULL)
		fail_msg("%s, not in %s", buf_text(expected), details);
}

static size_t
count_of(const struct check_result *result, const char *word)
{
	size_t count = 0;

	for (const char *at = buf_text(&result->details); (at = strstr(at, word)) != NULL;
	     at += strlen(word))
		count++;
	return count;
}

/* ---- stats ---------------------------------------------------------------------------- */

static const char *const fs[] = {"read", "write", "cas", "polish", "wax"};

enum {
	FS = sizeof(fs) / sizeof(fs[0])
};

struct doings {
	size_t f[OPS_MAX];
	enum op_type type[OPS_MAX];
	size_t count;
};

static size_t
done(const struct doings *doings, size_t f, enum op_type type)
{
	size_t found = 0;

	for (size_t i = 0; i < doings->count; i++)
		found += (f == FS || doings->f[i] == f) &&
			 (type == OP_NONE || doings->type[i] == type);
	return found;
}

static void
play_doings(struct history *history, const struct doings *doings)
{
	history_init(history);
	for (size_t i = 0; i < doings->count; i++) {
		uint32_t at = 2 * (uint32_t)i;
		struct op op = {.f = history_f(history, fs[doings->f[i]],
					       strlen(fs[doings->f[i]])),
				.type = (uint8_t)doings->type[i],
				.process = (uint32_t)i,
				.invoke_at = at,
				.complete_at =
					doings->type[i] == OP_INFO ? OP_NEVER : at + 1};
		history_add(history, &op);
	}
}

static void
expect_tally(const struct check_result *result, const struct doings *doings, size_t f)
{
	struct buf text = {0};

	if (f < FS)
		buf_printf(&text, "\"%s\":{", fs[f]);
	buf_printf(&text,
		   "\"count\":%zu,\"ok-count\":%zu,\"fail-count\":%zu,\"info-count\":%zu",
		   done(doings, f, OP_NONE), done(doings, f, OP_OK),
		   done(doings, f, OP_FAIL), done(doings, f, OP_INFO));
	if (f == FS || done(doings, f, OP_NONE) > 0)
		assert_told(result, &text);
	buf_release(&text);
}

/* Valid exactly when something was done, and each function at least once. */
static enum verdict
compare_stats(const struct doings *doings)
{
	bool succeeded = doings->count > 0;
	struct check_result result;
	struct history history;
	size_t met = 0;

	play_doings(&history, doings);
	run(&checker_stats, &history, &result);
	for (size_t f = 0; f <= FS; f++)
		expect_tally(&result, doings, f);
	for (size_t f = 0; f < FS; f++) {
		met += done(doings, f, OP_NONE) > 0;
		succeeded &= done(doings, f, OP_NONE) == 0 || done(doings, f, OP_OK) > 0;
	}
	enum verdict verdict = result.verdict;
	assert_int_equal(verdict, succeeded ? VERDICT_VALID : VERDICT_UNKNOWN);
	assert_int_equal(result.certified, succeeded);
	assert_int_equal(count_of(&result, "\"count\":"), met + 1);
	check_result_release(&result);
	history_release(&history);
	return verdict;
}

/* All of up to three operations. */
static size_t
compare_all_stats(size_t counts[4])
{
	enum {
		WAYS = FS * 3
	};
	size_t tried = 0;

	for (size_t ops = 0, all = 1; ops <= 3; ops++, all *= WAYS)
		for (size_t which = 0; which < all; which++, tried++) {
			struct doings doings = {.count = ops};
			for (size_t i = 0, left = which; i < ops; i++, left /= WAYS) {
				doings.f[i] = left % FS;
				doings.type[i] = types[left / FS % 3];
			}
			counts[compare_stats(&doings)]++;
		}
	return tried;
}

static void
what_was_done_is_counted(void **state)
{
	size_t total = random_count(4000), counts[4] = {0};
	size_t tried = compare_all_stats(counts);
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	for (size_t i = 0; i < total; i++) {
		struct doings doings = {.count = rng_below(&rng, OPS_MAX + 1)};
		for (size_t k = 0; k < doings.count; k++) {
			doings.f[k] = rng_below(&rng, FS);
			doings.type[k] = types[rng_below(&rng, 3)];
		}
		counts[compare_stats(&doings)]++;
	}
	print_message("stats: %zu small, %zu random: %zu valid, %zu unknown\n", tried,
		      total, counts[VERDICT_VALID], counts[VERDICT_UNKNOWN]);
	assert_true(counts[VERDICT_VALID] > total / 20 &&
		    counts[VERDICT_UNKNOWN] > total / 20);
}

/* ---- exceptions ----------------------------------------------------------------------- */

/* Parts of which errors are put together, what varies and what is left of it. `%` stands for
 * a number. */
static const struct {
	const char *text, *class;
} parts[] = {
	{"timeout", "timeout"},
	{"%", "#"},
	{"after % ms", "after # ms"},
	{"'a key'", "'..'"},
	{"\"n%:x\"", "'..'"},
	{"%.%.%.%:%", "#.#.#.#:#"},
	{"(x)", "(x)"},
	{"refused", "refused"},
};

enum {
	PARTS = sizeof(parts) / sizeof(parts[0])
};

struct error {
	char text[TEXT_MAX], class[TEXT_MAX];
	enum op_type type;
};

static void
add_part(struct error *error, size_t part, struct rng *rng)
{
	size_t at = strlen(error->text);

	for (const char *c = parts[part].text; *c != '\0'; c++)
		if (*c != '%')
			error->text[at++] = *c;
		else
			at += (size_t)sprintf(error->text + at, "%" PRIu64,
					      rng_below(rng, 120));
	error->text[at] = '\0';
	strcat(error->class, parts[part].class);
}

static void
add_both(struct error *error, const char *text)
{
	strcat(error->text, text);
	strcat(error->class, text);
}

/* Some are lists: there a quoted word says what it is. */
static void
make_error(struct error *error, struct rng *rng)
{
	bool is_list = rng_chance(rng, 0.3);

	*error = (struct error){.type = rng_chance(rng, 0.5) ? OP_FAIL : OP_INFO};
	if (is_list)
		add_both(error,
			 rng_chance(rng, 0.5) ? "[\"conn-refused\"" : "[\"net/x\"");
	for (size_t i = rng_below(rng, 3) + !is_list; i > 0; i--) {
		if (error->text[0] != '\0')
			add_both(error, " ");
		add_part(error, rng_below(rng, PARTS), rng);
	}
	if (is_list)
		add_both(error, "]");
	if (!is_list && rng_chance(rng, 0.1))
		add_both(error, " it's"); /* a quote that does not end */
}

static size_t
errors_of(const struct error *errors, size_t count, size_t like, enum op_type type)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += strcmp(errors[i].class, errors[like].class) == 0 &&
			 (type == OP_NONE || errors[i].type == type);
	return found;
}

static bool
is_first(const struct error *errors, size_t at)
{
	return errors_of(errors, at, at, OP_NONE) == 0;
}

static void
print_quoted(const char *text, struct buf *out)
{
	buf_char(out, '"');
	for (; *text != '\0'; text++) {
		if (*text == '"')
			buf_char(out, '\\');
		buf_char(out, *text);
	}
	buf_char(out, '"');
}

static void
expect_class(const struct check_result *result, const struct error *errors, size_t count,
	     size_t i)
{
	struct buf text = {0};

	buf_string(&text, "{\"class\":");
	print_quoted(errors[i].class, &text);
	buf_printf(&text, ",\"count\":%zu,\"fail\":%zu,\"info\":%zu,\"example\":",
		   errors_of(errors, count, i, OP_NONE),
		   errors_of(errors, count, i, OP_FAIL),
		   errors_of(errors, count, i, OP_INFO));
	assert_told(result, &text);
	buf_clear(&text);
	buf_string(&text, "\"error\":");
	print_quoted(errors[i].text, &text);
	assert_told(result, &text);
	buf_release(&text);
}

static void
play_errors(struct history *history, const struct error *errors, size_t count)
{
	history_init(history);
	for (uint32_t i = 0; i < count; i++) {
		struct op op = {.f = F_READ,
				.type = (uint8_t)errors[i].type,
				.process = i,
				.invoke_at = 2 * i,
				.complete_at =
					errors[i].type == OP_INFO ? OP_NEVER : 2 * i + 1};
		op.error = history_error_id(history, errors[i].text);
		history_add(history, &op);
	}
}

static size_t
compare_errors(const struct error *errors, size_t count)
{
	struct check_result result;
	struct history history;
	struct buf text = {0};
	size_t classes = 0;

	play_errors(&history, errors, count);
	run(&checker_exceptions, &history, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	for (size_t i = 0; i < count; i++)
		if (is_first(errors, i)) {
			expect_class(&result, errors, count, i);
			classes++;
		}
	buf_printf(&text, "\"error-count\":%zu,\"class-count\":%zu,", count, classes);
	assert_told(&result, &text);
	assert_int_equal(count_of(&result, "\"class\":"), classes);
	buf_release(&text);
	check_result_release(&result);
	history_release(&history);
	return classes;
}

static void
errors_are_counted_by_what_does_not_vary(void **state)
{
	size_t total = random_count(4000), classes = 0, errors_made = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 2);
	for (size_t i = 0; i < total; i++) {
		struct error errors[OPS_MAX];
		size_t count = rng_below(&rng, OPS_MAX + 1);
		for (size_t k = 0; k < count; k++)
			if (k > 0 && rng_chance(&rng, 0.3))
				errors[k] = errors[rng_below(&rng, k)];
			else
				make_error(&errors[k], &rng);
		classes += compare_errors(errors, count);
		errors_made += count;
	}
	print_message("exceptions: %zu histories, %zu errors of %zu classes\n", total,
		      errors_made, classes);
	assert_in_range(classes, errors_made / 4, errors_made - errors_made / 4);
}

/* ---- log patterns --------------------------------------------------------------------- */

/* A pattern of letters, any letter, repetition and choice, tried at each place. */
struct piece {
	char letter; /* '.': any */
	bool many;
};

struct branch {
	struct piece pieces[3];
	size_t count;
	bool at_begin, at_end;
};

struct pattern {
	struct branch branches[2];
	size_t count;
};

static bool
matches_here(const struct branch *branch, size_t piece, const char *line)
{
	if (piece == branch->count)
		return !branch->at_end || *line == '\0';
	const struct piece *now = &branch->pieces[piece];
	bool fits = *line != '\0' && (now->letter == '.' || now->letter == *line);

	if (now->many && matches_here(branch, piece + 1, line))
		return true;
	return fits && matches_here(branch, piece + !now->many, line + 1);
}

static bool
matches(const struct pattern *pattern, const char *line)
{
	for (size_t b = 0; b < pattern->count; b++) {
		const struct branch *branch = &pattern->branches[b];
		for (size_t at = 0; at <= strlen(line); at++)
			if ((at == 0 || !branch->at_begin) &&
			    matches_here(branch, 0, line + at))
				return true;
	}
	return false;
}

static void
make_pattern(struct pattern *pattern, struct rng *rng)
{
	pattern->count = 1 + rng_below(rng, 2);
	for (size_t b = 0; b < pattern->count; b++) {
		struct branch *branch = &pattern->branches[b];
		branch->count = 1 + rng_below(rng, 3);
		branch->at_begin = rng_chance(rng, 0.3);
		branch->at_end = rng_chance(rng, 0.3);
		for (size_t p = 0; p < branch->count; p++)
			branch->pieces[p] = (struct piece){"ab. "[rng_below(rng, 4)],
							   rng_chance(rng, 0.2)};
	}
}

static void
print_pattern(const struct pattern *pattern, struct buf *out)
{
	for (size_t b = 0; b < pattern->count; b++) {
		const struct branch *branch = &pattern->branches[b];
		buf_string(out, b > 0 ? "|" : "");
		buf_string(out, branch->at_begin ? "^" : "");
		for (size_t p = 0; p < branch->count; p++)
			buf_printf(out, "%c%s", branch->pieces[p].letter,
				   branch->pieces[p].many ? "*" : "");
		buf_string(out, branch->at_end ? "$" : "");
	}
}

enum {
	PATTERNS_MAX = 3,
	LINES = 8
};

struct log {
	struct pattern patterns[PATTERNS_MAX];
	size_t pattern_count, matching;
	struct log_patterns found;
};

static void
begin_log(struct log *log, struct rng *rng)
{
	struct buf text = {0};
	struct err err;

	*log = (struct log){.pattern_count = 1 + rng_below(rng, PATTERNS_MAX)};
	for (size_t i = 0; i < log->pattern_count; i++) {
		make_pattern(&log->patterns[i], rng);
		buf_clear(&text);
		print_pattern(&log->patterns[i], &text);
		assert_true(log_patterns_add(&log->found, buf_text(&text), &err));
	}
	buf_release(&text);
}

/* A byte of zero is looked at as a space. */
static void
compare_line(struct log *log, uint64_t number, struct rng *rng)
{
	size_t count = rng_below(rng, 5), first = 0;
	char raw[8], line[8] = "";

	for (size_t i = 0; i < count; i++) {
		raw[i] = "abc \0"[rng_below(rng, 5)];
		line[i] = raw[i] == '\0' ? ' ' : raw[i];
	}
	while (first < log->pattern_count && !matches(&log->patterns[first], line))
		first++;
	bool found = log_patterns_line(&log->found, "n1", number,
				       (struct bytes){.data = raw, .len = count});
	assert_int_equal(found, first < log->pattern_count);
	if (!found)
		return;
	const struct log_match *match = vec_last(&log->found.matches);
	assert_int_equal(match->expression, first);
	assert_int_equal(match->number, number);
	assert_string_equal(match->line, line);
	log->matching++;
}

static void
lines_match_as_a_plain_matcher_says(void **state)
{
	size_t total = random_count(4000), counts[4] = {0}, lines = 0, matching = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3);
	for (size_t i = 0; i < total; i++) {
		struct check_result result;
		struct log log;
		size_t count = rng_below(&rng, LINES + 1);
		begin_log(&log, &rng);
		for (size_t l = 1; l <= count; l++)
			compare_line(&log, l, &rng);
		log_patterns_result(&log.found, &result);
		assert_int_equal(result.verdict, log.matching > 0 ? VERDICT_INVALID
						 : count > 0	  ? VERDICT_VALID
								  : VERDICT_UNKNOWN);
		assert_int_equal(result.anomaly_count, log.matching);
		counts[result.verdict]++;
		lines += count;
		matching += log.matching;
		check_result_release(&result);
		log_patterns_release(&log.found);
	}
	print_message("log-pattern: %zu logs: %zu valid, %zu invalid, %zu unknown; "
		      "%zu of %zu lines match\n",
		      total, counts[VERDICT_VALID], counts[VERDICT_INVALID],
		      counts[VERDICT_UNKNOWN], matching, lines);
	assert_in_range(counts[VERDICT_VALID], total / 50, total);
	assert_in_range(matching, lines / 10, lines - lines / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_done_is_counted),
		cmocka_unit_test(errors_are_counted_by_what_does_not_vary),
		cmocka_unit_test(lines_match_as_a_plain_matcher_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
