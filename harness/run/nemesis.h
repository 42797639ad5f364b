/* nemesis.h - the thread that carries out the fault plan.
 *
 * It takes its turns from the same generator as the clients. Each fault gets a row in the
 * store when it is injected and again when it is healed. */
#ifndef HARNESS_NEMESIS_H
#define HARNESS_NEMESIS_H

#include "chaos/chaos.h"
#include "harness/run/recorder.h"
#include "harness/run/turns.h"

/* Operations that were acknowledged while no fault was in force, and how long that was. */
struct quiet {
	uint64_t ok;
	int64_t ns;
};

/* What became of the plan's steps. */
struct nemesis_sum {
	int begun, injected, verified, with_evidence, healed;
	int step_count; /* in the plan */
	char trouble
		[320]; /* of the first step that is not as it should be; "" when none */
};

struct nemesis_plan {
	const struct chaos_plan *steps; /* all borrowed */
	struct chaos *chaos;		/* NULL when there are no steps */
	struct turns *turns;
	struct recorder *recorder;
	struct store *store;
	int64_t start_ns;
};

struct nemesis;

/* The plan's injections and heals as operations, for GEN_NEMESIS. The steps are borrowed. */
struct generator *nemesis_generator(const struct chaos_plan *steps);

struct nemesis *nemesis_new(const struct nemesis_plan *plan, struct err *err);

/* The fault that is in force, in words, "" when none. */
void nemesis_now(struct nemesis *nemesis, char *text, size_t bytes);

/* Waits until the plan is done; what is in force is healed then. To be called once.
 * Afterwards the other two may be asked. */
void nemesis_join(struct nemesis *nemesis);
const struct nemesis_sum *nemesis_sum(const struct nemesis *nemesis);
struct quiet nemesis_quiet(const struct nemesis *nemesis);

/* NULL is fine. */
void nemesis_free(struct nemesis *nemesis);

#endif
