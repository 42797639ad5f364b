/* schedule.c - the plan of faults, made from the seed before the run. Pure.
 *
 * The main phase is cut into equal slots, and the last tenth of it stays quiet. A slot
 * begins quiet and ends with one fault. Slots are filled in rounds, in which each fault
 * of the list comes once. Whatever is drawn for a fault comes from a stream that is named
 * by the seed, the fault's own words and the round, so that one more fault in the list
 * changes neither the targets nor the order of the others. */
#include "chaos/fault.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	SPECS_MAX = 64,
	SLOT_MS_MIN = 1000,
	STEPS_MAX = 100000
};

static const int64_t ns_per_ms = 1000000;
static const int64_t interval_ns_default = 5000000000;

/* One word of the list. */
struct spec {
	const struct fault *fault;
	const char *target; /* NULL: all in turn */
	uint64_t name;	    /* hash of the word and of how often it came before */
	char words[CHAOS_TARGET_BYTES * 2];
};

struct specs {
	struct spec items[SPECS_MAX];
	int count;
};

/* What people also say. */
static const struct alias {
	const char *said, *meant;
} aliases[] = {
	{"ring", "majorities-ring"},
	{"primary", "leader"},
	{"primary-minority", "leader-minority"},
	{"random", "one"},
};

static const char *
without_alias(const char *target)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].said, target) == 0)
			return aliases[i].meant;
	return target;
}

/* FNV-1a, 64 bits: names a stream; needs no strength. */
static uint64_t
hash_text(const char *text, uint64_t hash)
{
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}

static uint64_t
draw_word(uint64_t seed, const struct spec *spec, uint64_t round, uint64_t purpose)
{
	struct rng rng;

	rng_split(&rng, seed ^ spec->name, round * 8 + purpose);
	return rng_next(&rng);
}

enum purpose {
	PURPOSE_ORDER,
	PURPOSE_TARGET,
	PURPOSE_DRAW,
	PURPOSE_LENGTH
};

/* ---- reading the list ------------------------------------------------------------ */

static const struct fault *
find_fault(const char *name, struct err *err)
{
	size_t count;
	const struct fault *const *all = faults_all(&count);
	const char *names[CHAOS_FAULTS_MAX];

	for (size_t i = 0; i < count && i < CHAOS_FAULTS_MAX; i++) {
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
		names[i] = all[i]->name;
	}
	const char *nearest = text_nearest(name, names, count);
	err_set(err, "unknown fault '%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "'faultline list' shows the faults");
	return NULL;
}

static bool
find_target(const struct fault *fault, const char *name, const char **target,
	    struct err *err)
{
	size_t count = 0;
	const char *meant = without_alias(name);

	for (; fault->targets[count] != NULL; count++)
		if (strcmp(fault->targets[count], meant) == 0) {
			*target = fault->targets[count];
			return true;
		}
	const char *nearest = text_nearest(name, fault->targets, count);
	err_set(err, "fault '%s' has no target '%s'", fault->name, name);
	return nearest != NULL
		       ? err_hint(err, "did you mean '%s:%s'?", fault->name, nearest)
		       : err_hint(err, "'faultline list' shows its targets");
}

static bool
add_spec(struct specs *specs, const char *words, struct err *err)
{
	struct spec spec = {0};
	uint64_t occurrence = 0;

	if (specs->count == SPECS_MAX)
		return err_set(err, "more than %d faults named", SPECS_MAX);
	size_t length = strlen(words);
	if (length >= sizeof(spec.words))
		return err_set(err, "unknown fault '%.80s'", words);
	memcpy(spec.words, words, length + 1);
	char *colon = strchr(spec.words, ':');
	if (colon != NULL)
		*colon = '\0';
	spec.fault = find_fault(spec.words, err);
	if (spec.fault == NULL ||
	    (colon != NULL && !find_target(spec.fault, colon + 1, &spec.target, err)))
		return false;
	if (colon != NULL)
		*colon = ':';
	for (int i = 0; i < specs->count; i++)
		occurrence += strcmp(specs->items[i].words, spec.words) == 0;
	spec.name = hash_text(spec.words, 0xcbf29ce484222325 + occurrence);
	specs->items[specs->count++] = spec;
	return true;
}

static bool
read_specs(struct specs *specs, const char *list, struct err *err)
{
	struct strings words = {0};
	bool ok = true;

	strings_split(&words, list, ',');
	vec_each (char *, word, &words.of) {
		ok = ok && add_spec(specs, *word, err);
	}
	strings_release(&words);
	return ok;
}

/* ---- filling the slots ----------------------------------------------------------- */

/* The targets that mean something with so many hosts, in the spec's own random order, one
 * a round. NULL when there is none. */
static const char *
choose_target(const struct spec *spec, const struct chaos_plan_options *options,
	      uint64_t round)
{
	int usable[32], count = 0;
	struct rng rng;

	if (spec->target != NULL)
		return spec->fault->hosts_min(spec->target) <= options->host_count
			       ? spec->target
			       : NULL;
	for (int i = 0; spec->fault->targets[i] != NULL && count < 32; i++)
		if (spec->fault->hosts_min(spec->fault->targets[i]) <=
		    options->host_count)
			usable[count++] = i;
	if (count == 0)
		return NULL;
	rng_init(&rng, draw_word(options->seed, spec, 0, PURPOSE_TARGET));
	rng_shuffle(&rng, usable, (size_t)count);
	return spec->fault->targets[usable[round % (uint64_t)count]];
}

struct ranked {
	uint64_t key;
	int spec;
};

static int
compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->spec - y->spec;
}

/* The order in which the specs come in a round. */
static void
order_round(const struct specs *specs, uint64_t seed, uint64_t round,
	    struct ranked *order)
{
	for (int i = 0; i < specs->count; i++) {
		order[i].key = draw_word(seed, &specs->items[i], round, PURPOSE_ORDER);
		order[i].spec = i;
	}
	qsort(order, (size_t)specs->count, sizeof(*order), compare_ranked);
}

/* A fault takes 45 to 65 % of its slot, at the end of it. */
static struct chaos_step
make_step(const struct spec *spec, const struct chaos_plan_options *options,
	  uint64_t round, int64_t slot, int64_t slot_ns)
{
	struct rng rng;
	struct chaos_step step = {.fault = spec->fault};

	rng_init(&rng, draw_word(options->seed, spec, round, PURPOSE_LENGTH));
	int64_t length_ns = slot_ns / 100 * rng_between(&rng, 45, 65);
	step.end_ns = (slot + 1) * slot_ns;
	step.start_ns = step.end_ns - length_ns;
	step.draw = draw_word(options->seed, spec, round, PURPOSE_DRAW);
	strncpy(step.target, choose_target(spec, options, round),
		sizeof(step.target) - 1);
	return step;
}

/* How many slots there are: as many as the interval makes, at least one a fault. */
static bool
count_slots(const struct specs *specs, const struct chaos_plan_options *options,
	    int64_t usable_ns, int64_t *slots, struct err *err)
{
	int64_t shortest_ns = SLOT_MS_MIN * ns_per_ms, interval_ns = options->interval_ns;

	if (usable_ns / specs->count < shortest_ns) {
		err_set(err, "a time of %.1f s is too short for %d faults",
			(double)options->time_ns / 1e9, specs->count);
		return err_hint(err, "take at least --time %d, or fewer faults",
				specs->count * 10 / 9 + 1);
	}
	if (interval_ns == 0) {
		interval_ns = usable_ns / (2 * (specs->count + 2));
		if (interval_ns > interval_ns_default)
			interval_ns = interval_ns_default;
	}
	if (2 * interval_ns < shortest_ns)
		interval_ns = shortest_ns / 2;
	*slots = usable_ns / (2 * interval_ns);
	if (*slots >= specs->count || options->interval_ns == 0) {
		*slots = *slots < specs->count ? specs->count : *slots;
		return *slots <= STEPS_MAX ||
		       err_set(err, "more than %d faults", STEPS_MAX);
	}
	err_set(err,
		"intervals of %.1f s leave room for %" PRId64 " of the %d faults named",
		(double)interval_ns / 1e9, *slots, specs->count);
	return err_hint(err, "take a shorter interval or a longer time");
}

static bool
check_targets(const struct specs *specs, const struct chaos_plan_options *options,
	      struct err *err)
{
	for (int i = 0; i < specs->count; i++)
		if (choose_target(&specs->items[i], options, 0) == NULL)
			return err_set(err, "fault '%s' means nothing with %d host%s",
				       specs->items[i].words, options->host_count,
				       options->host_count == 1 ? "" : "s");
	return true;
}

static void
fill(struct chaos_plan *plan, const struct specs *specs,
     const struct chaos_plan_options *options, int64_t slots, int64_t slot_ns)
{
	struct ranked order[SPECS_MAX];

	for (int64_t slot = 0; slot < slots; slot++) {
		uint64_t round = (uint64_t)(slot / specs->count);
		int turn = (int)(slot % specs->count);
		if (turn == 0)
			order_round(specs, options->seed, round, order);
		const struct spec *spec = &specs->items[order[turn].spec];
		vec_push(&plan->steps, make_step(spec, options, round, slot, slot_ns));
	}
}

bool
chaos_plan_make(struct chaos_plan *plan, const struct chaos_plan_options *options,
		struct err *err)
{
	struct specs specs = {0};
	int64_t usable_ns = options->time_ns / 10 * 9, slots = 0;

	*plan = (struct chaos_plan){0};
	if (options->faults == NULL || strcmp(options->faults, "none") == 0)
		return true;
	if (!read_specs(&specs, options->faults, err))
		return false;
	if (specs.count == 0)
		return true;
	if (!check_targets(&specs, options, err) ||
	    !count_slots(&specs, options, usable_ns, &slots, err))
		return false;
	fill(plan, &specs, options, slots, usable_ns / slots);
	return true;
}

void
chaos_plan_release(struct chaos_plan *plan)
{
	vec_release(&plan->steps);
}
