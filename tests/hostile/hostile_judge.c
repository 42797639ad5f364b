#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "checkers/model_names.h"
#include "checkers/transaction/isolation.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static atomic_bool is_over;

enum {
	MILLISECONDS = 200,
	BYTES_MAX = 64 << 20
};

static void
on_alarm(int number)
{
	(void)number;
	is_over = true;
}

static void
set_alarm(int milliseconds)
{
	struct itimerval when = {.it_value.tv_usec = milliseconds * 1000};

	is_over = false;
	signal(SIGVTALRM, on_alarm);
	setitimer(ITIMER_VIRTUAL, &when, NULL);
}

/* What checker_run says of a result whose certificate does not hold: a reason that begins so,
 * whatever values of the history it quotes. */
static bool
is_refuted(const struct check_result *result)
{
	static const char *const beginnings[] = {
		"valid, but its certificate does not hold",
		"invalid, but its certificate does not hold"};

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (strncmp(result->reason, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

/* The first thing that cannot be in a result, or NULL. */
static const char *
find_fault(const struct history *history, const struct check_result *result)
{
	if (is_refuted(result))
		return "its certificate does not hold";
	if (result->verdict == VERDICT_NONE)
		return "there is no verdict";
	if (result->verdict == VERDICT_UNKNOWN && result->reason[0] == '\0')
		return "unknown without a reason";
	if (result->verdict == VERDICT_INVALID && result->anomaly_count == 0)
		return "invalid without an anomaly";
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		if (anomaly->text == NULL || anomaly->text[0] == '\0')
			return "an anomaly without a text";
		for (size_t i = 0; i < anomaly->ops.count; i++)
			if (anomaly->ops.items[i] >= history->ops.count)
				return "an anomaly of operations that are not there";
	}
	return NULL;
}

static void
assert_holds_together(const struct history *history, const struct check_result *result)
{
	const char *fault = find_fault(history, result);

	if (fault != NULL)
		fprintf(stderr, "%s: %s: %s (%s)\n", result->checker,
			verdict_name(result->verdict), fault, result->reason);
	ASSERT(fault == NULL);
}

static void
judge(const struct checker *checker, const struct history *history,
      const struct check_options *options)
{
	struct check_result result;

	set_alarm(MILLISECONDS);
	checker_run(checker, history, options, &result);
	set_alarm(0);
	assert_holds_together(history, &result);
	check_result_release(&result);
}

/* The first words keep their numbers, for inputs that were kept mean them; what was added to
 * the tables since stands behind them. NULL beyond. */
static const char *
model_word(size_t number)
{
	static const char *const first[] = {
		"monotone", "exactly-once", "mutex", "reentrant", "min", "max", "x"};
	size_t first_count = sizeof(first) / sizeof(first[0]), count;
	const char *const *variants = model_variants(&count);

	if (number < first_count)
		return first[number];
	return number - first_count < count ? variants[number - first_count] : NULL;
}

static const char *
level_word(size_t number)
{
	static const char *const first[] = {"serializable",
					    "snapshot-isolation",
					    "read-committed",
					    "read-atomic",
					    "causal",
					    "repeatable-read",
					    "2",
					    "50ms",
					    "2,1us"};
	size_t first_count = sizeof(first) / sizeof(first[0]);

	if (number < first_count)
		return first[number];
	number -= first_count;
	return number < level_count() ? level_name(number) : NULL;
}

void
hostile_judge(struct history *history, struct bytes *choices)
{
	uint8_t flags = hostile_byte(choices);
	struct check_options options = {
		.budget = {.stop = &is_over, .bytes_max = BYTES_MAX},
		.threads = 1,
		.nil_is_unknown = flags >> 4 & 1,
		.failed_cas_observes = flags >> 5 & 1,
		.init = flags >> 6 ? val_small(flags >> 6) : VAL_OF_NIL,
	};
	size_t count;
	const struct checker *const *checkers = checkers_all(&count);

	options.model = model_word(hostile_byte(choices));
	options.level = level_word(hostile_byte(choices));
	for (size_t i = 0; i < count; i++)
		judge(checkers[i], history, &options);
}
