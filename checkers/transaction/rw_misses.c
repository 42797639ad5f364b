#include "checkers/transaction/rw_misses.h"

#include "checkers/transaction/txn_certify.h"

#include <stdlib.h>
#include <string.h>

#define B(id) (UINT64_C(1) << ANOMALY_##id)

/* From gross to subtle, and what else a miss of this name is. */
static const struct miss {
	enum isolation_anomaly anomaly;
	uint64_t implies;
} misses[] = {
	{ANOMALY_NON_MONOTONIC_VIEW, B(FRACTURED_READ) | B(NON_MONOTONIC_PROCESS) |
					     B(FRACTURED_PROCESS) | B(CAUSALITY)},
	{ANOMALY_FRACTURED_READ, B(FRACTURED_PROCESS) | B(CAUSALITY)},
	{ANOMALY_NON_MONOTONIC_PROCESS, B(FRACTURED_PROCESS) | B(CAUSALITY)},
	{ANOMALY_FRACTURED_PROCESS, B(CAUSALITY)},
	{ANOMALY_CAUSALITY, 0},
};

enum {
	MISSES = sizeof(misses) / sizeof(misses[0])
};

static const struct miss *
miss_of(const char *name)
{
	for (size_t i = 0; i < MISSES; i++)
		if (strcmp(name, anomaly_name(misses[i].anomaly)) == 0)
			return &misses[i];
	return NULL;
}

static bool
is_there(const struct check_result *result, const char *name)
{
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, name) == 0)
			return true;
	return false;
}

/* The same operations show what stands there under a grosser name. */
static bool
is_told_grosser(const struct history *history, const struct check_options *options,
		const struct check_result *result, const struct anomaly *anomaly)
{
	const struct miss *miss = miss_of(anomaly->name);
	struct anomaly renamed = *anomaly;
	struct err err;

	for (const struct miss *gross = misses; gross < miss; gross++) {
		renamed.name = anomaly_name(gross->anomaly);
		if ((gross->implies & anomaly_bit(miss->anomaly)) != 0 &&
		    is_there(result, renamed.name) &&
		    txn_anomaly_certify(history, options, &renamed, &err))
			return true;
	}
	return false;
}

static void
take_out(struct check_result *result, size_t i)
{
	struct anomaly *anomaly = &result->anomalies.items[i];

	free(anomaly->text);
	vec_release(&anomaly->ops);
	vec_release(&anomaly->steps);
	result->anomalies.count--;
	memmove(anomaly, anomaly + 1, (result->anomalies.count - i) * sizeof(*anomaly));
}

/* Behind the definition, which is the first line: ", and so fractured-read too". */
static void
say_what_else(struct anomaly *anomaly, uint64_t implied)
{
	size_t definition = strcspn(anomaly->text, "\n");
	struct buf text = {0};
	const char *before = ", and so ";

	if (implied == 0)
		return;
	buf_append(&text, anomaly->text, definition);
	for (size_t i = 0; i < MISSES; i++)
		if ((implied & anomaly_bit(misses[i].anomaly)) != 0) {
			buf_printf(&text, "%s%s", before,
				   anomaly_name(misses[i].anomaly));
			before = ", ";
		}
	buf_printf(&text, "%s", anomaly->text + definition);
	free(anomaly->text);
	anomaly->text = text.data;
}

void
rw_misses_tell_once(const struct history *history, const struct check_options *options,
		    uint64_t asked, struct check_result *result)
{
	for (size_t i = result->anomalies.count; i-- > 0;)
		if (miss_of(result->anomalies.items[i].name) != NULL &&
		    is_told_grosser(history, options, result,
				    &result->anomalies.items[i]))
			take_out(result, i);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		const struct miss *miss = miss_of(anomaly->name);
		if (miss != NULL && anomaly->text != NULL)
			say_what_else(anomaly, miss->implies & asked);
	}
}
