/* cmd_sim.c - `faultline sim`: the reference store under virtual time, seed by seed. */
#include "base/clock.h"
#include "harness/cmd_sim_judge.h"
#include "harness/command.h"
#include "reference/sim/sim_seeds.h"

#include <stdio.h>
#include <string.h>

struct settings {
	int64_t seed, seeds, nodes, clients, keys, operations, threads;
	double fault_rate;
	const char *faults, *bug;
	bool print, stats;
};

extern const struct command command_sim;

/* ---- settings -------------------------------------------------------------------------- */

static bool
read_bug(const char *name, struct sim_options *options, struct err *err)
{
	const char *names[BUG_COUNT];
	uint64_t bit = bug_bit(name);

	if (bit != 0) {
		sim_options_provoke(options, (enum bug)__builtin_ctzll(bit));
		return true;
	}
	for (int i = BUG_NONE + 1; i < BUG_COUNT; i++)
		names[i - 1] = bug_table[i].name;
	const char *nearest = text_nearest(name, names, BUG_COUNT - 1);
	err_set(err, "unknown bug '%s'", name);
	if (nearest != NULL)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(err, "the bugs are listed in reference/protocol/bugs.def");
}

static bool
read_faults(const char *list, uint32_t *faults, struct err *err)
{
	struct strings names = {0};
	bool ok = true;

	*faults = 0;
	strings_split(&names, list, ',');
	vec_each (char *, name, &names.of) {
		uint32_t bit = sim_fault_bit(*name);
		if (bit == 0 && strcmp(*name, "none") != 0 && ok) {
			ok = err_set(err, "unknown fault '%s' in '%s'", *name, list);
			err_hint(err, "faults are loss, duplicate, reorder, partition, "
				      "crash, pause, clock, slow-disk, all, none");
		}
		*faults |= bit;
	}
	strings_release(&names);
	return ok;
}

static bool
in_range(const char *name, int64_t number, int64_t low, int64_t high, struct err *err)
{
	return (number >= low && number <= high) ||
	       err_set(err, "option '--%s': %lld is not within %lld to %lld", name,
		       (long long)number, (long long)low, (long long)high);
}

/* What was not given on the command line stays as the options have it (0 or NULL here). */
static bool
apply_settings(const struct settings *s, struct sim_options *options, struct err *err)
{
	options->seed = (uint64_t)s->seed;
	if (s->bug != NULL && !read_bug(s->bug, options, err))
		return false;
	if (s->faults != NULL && !read_faults(s->faults, &options->faults, err))
		return false;
	if (s->fault_rate > 0)
		options->fault_rate = s->fault_rate;
	if (s->nodes != 0)
		options->nodes = (uint32_t)s->nodes;
	options->clients = (uint32_t)s->clients;
	options->keys = (uint32_t)s->keys;
	options->operations = (uint32_t)s->operations;
	return true;
}

static bool
check_settings(const struct settings *s, struct err *err)
{
	return in_range("nodes", s->nodes, 0, PROTOCOL_NODES_MAX, err) &&
	       in_range("clients", s->clients, 1, 64, err) &&
	       in_range("keys", s->keys, 1, 64, err) &&
	       in_range("operations", s->operations, 1, 1000000, err) &&
	       in_range("seeds", s->seeds, 1, 1000000000, err) &&
	       in_range("threads", s->threads, 0, 64, err) &&
	       (s->fault_rate <= 1000 ||
		err_set(err, "option '--fault-rate': %g is too many", s->fault_rate));
}

/* ---- output ---------------------------------------------------------------------------- */

static void
print_stats(const struct sim_stats *stats)
{
	const uint64_t counters[] = {
#define SIM_COUNTER(name, words) stats->name,
#include "reference/sim/sim_stats.def"
#undef SIM_COUNTER
	};

	for (int i = 0; i < SIM_COUNTERS; i++)
		printf("%14llu %s\n", (unsigned long long)counters[i],
		       sim_stats_words[i]);
}

static void
print_history(const struct sim_options *options, uint64_t seed)
{
	struct sim_options one = *options;
	struct sim_result result;
	struct buf line = {0};

	one.seed = seed;
	sim_run(&one, &result);
	vec_each (const struct op, op, &result.history.ops) {
		buf_clear(&line);
		history_describe(&result.history, op, &line);
		puts(buf_text(&line));
	}
	buf_release(&line);
	sim_result_release(&result);
}

/* The options given, with the one seed that failed. */
static void
print_repeat(const struct settings *s, uint64_t seed)
{
	printf("repeat: faultline sim --seed %llu", (unsigned long long)seed);
	if (s->bug != NULL)
		printf(" --bug %s", s->bug);
	if (s->faults != NULL)
		printf(" --faults %s", s->faults);
	if (s->fault_rate > 0)
		printf(" --fault-rate %g", s->fault_rate);
	if (s->nodes != 0)
		printf(" --nodes %lld", (long long)s->nodes);
	printf(" --clients %lld --keys %lld --operations %lld --print\n",
	       (long long)s->clients, (long long)s->keys, (long long)s->operations);
}

static void
print_verdict(const struct settings *s, const struct sim_verdict *verdict, double seconds)
{
	if (verdict->failed && strcmp(verdict->anomaly, "unknown") == 0)
		printf("unknown: seed %llu could not be decided\n",
		       (unsigned long long)verdict->seed);
	else if (verdict->failed)
		printf("invalid: seed %llu: %s\n", (unsigned long long)verdict->seed,
		       verdict->anomaly);
	else
		printf("valid: %llu seed%s from %lld on, %llu operations, %.1f s\n",
		       (unsigned long long)verdict->ran, verdict->ran == 1 ? "" : "s",
		       (long long)s->seed,
		       (unsigned long long)(verdict->stats.ok + verdict->stats.fail +
					    verdict->stats.info),
		       seconds);
	if (!verdict->failed)
		return;
	printf("%s\n", buf_text(&verdict->explanation));
	print_repeat(s, verdict->seed);
}

static int
exit_code(const struct sim_verdict *verdict)
{
	if (!verdict->failed)
		return EXIT_VALID;
	return strcmp(verdict->anomaly, "unknown") == 0 ? EXIT_UNKNOWN : EXIT_INVALID;
}

/* ---- the command ------------------------------------------------------------------------- */

static int
run_seeds(const struct settings *s, const struct sim_options *options)
{
	struct sim_seeds seeds = {.options = *options,
				  .count = (uint64_t)s->seeds,
				  .threads = (int)s->threads,
				  .judge = sim_judge};
	struct sim_verdict verdict;
	int64_t start_ns = clock_ns();

	sim_seeds_run(&seeds, &verdict);
	print_verdict(s, &verdict, (double)(clock_ns() - start_ns) / 1e9);
	if (s->print)
		print_history(options, verdict.failed ? verdict.seed : options->seed);
	if (s->stats)
		print_stats(&verdict.stats);
	int code = exit_code(&verdict);
	sim_verdict_release(&verdict);
	return code;
}

static int
run_sim(int argc, char **argv)
{
	struct settings s = {
		.seed = 1, .seeds = 1, .clients = 5, .keys = 3, .operations = 250};
	bool help = false;
	const struct option_row rows[] = {
		{"seed", 's', OPTION_INT, &s.seed, "N", "the first seed (1)"},
		{"seeds", 'n', OPTION_INT, &s.seeds, "COUNT", "how many seeds (1)"},
		{"nodes", 0, OPTION_INT, &s.nodes, "N", "nodes of the cluster (5)"},
		{"clients", 0, OPTION_INT, &s.clients, "N", "concurrent clients (5)"},
		{"keys", 0, OPTION_INT, &s.keys, "N", "registers (3)"},
		{"operations", 0, OPTION_INT, &s.operations, "N",
		 "operations of all clients before the final reads (250)"},
		{"faults", 'f', OPTION_TEXT, &s.faults, "LIST",
		 "loss, duplicate, reorder, partition, crash, pause, clock, slow-disk, "
		 "all "
		 "(the default), none"},
		{"fault-rate", 0, OPTION_REAL, &s.fault_rate, "X",
		 "1: a fault every 120 ms of virtual time"},
		{"bug", 0, OPTION_TEXT, &s.bug, "NAME",
		 "plant a bug, under the faults that provoke it"},
		{"threads", 'j', OPTION_INT, &s.threads, "N", "0: one a processor"},
		{"print", 'p', OPTION_FLAG, &s.print, NULL,
		 "print the history of the seed that failed, or of the first"},
		{"stats", 0, OPTION_FLAG, &s.stats, NULL, "print what happened, counted"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "print this"},
		{0},
	};
	struct sim_options options;
	struct err err = {0};

	sim_options_init(&options);
	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_sim, &err);
	if (help)
		return command_help(&command_sim, rows);
	if (argc > 1)
		err_set(&err, "unexpected word '%s'", argv[1]);
	if (argc > 1 || !check_settings(&s, &err) || !apply_settings(&s, &options, &err))
		return command_usage(&command_sim, &err);
	return run_seeds(&s, &options);
}

const struct command command_sim = {
	.name = "sim",
	.arguments = "[OPTIONS]",
	.summary = "runs the reference store under virtual time, by seed",
	.main = run_sim,
};
