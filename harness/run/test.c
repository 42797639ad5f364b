#include "harness/run/test.h"

#include "base/clock.h"
#include "base/mem.h"
#include "harness/lab/lab.h"
#include "harness/log_search.h"
#include "results/store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	NODES_DEFAULT = 5
};

void
test_init(struct test *test)
{
	*test = (struct test){
		.system_name = "reference",
		.workload_name = "register",
		.faults = "none",
		.concurrency_words = "2n",
		.runs_folder = "runs",
		.check = "end",
		.nodes_wanted = -1,
		.time_ns = 30 * NS_PER_S,
		.timeout_ns = 2 * NS_PER_S,
		.check_time_ns = 300 * NS_PER_S,
		.read_percent = -1,
		.cas_percent = -1,
		.seed = -1,
		.plots = true,
	};
}

/* ---- words ---- */

static bool
find_system(struct test *test, struct err *err)
{
	test->system = system_find(test->system_name, err);
	return test->system != NULL;
}

static bool
find_workload(struct test *test, struct err *err)
{
	test->workload = workload_find(test->workload_name, err);
	if (test->workload == NULL)
		return false;
	if ((test->workload->supports & ~test->system->supports) == 0)
		return true;
	err_set(err, "workload '%s' does not fit system '%s': it has no such operations",
		test->workload->name, test->system->name);
	return err_hint(err, "'faultline list systems' shows what fits");
}

static bool
is_between(const char *option, int64_t number, int64_t low, int64_t high, struct err *err)
{
	if (number >= low && number <= high)
		return true;
	return err_set(
		err, "option '--%s': %" PRId64 " is not between %" PRId64 " and %" PRId64,
		option, number, low, high);
}

/* -1: not said. */
static bool
is_percent(const char *option, int64_t number, struct err *err)
{
	return number == -1 || is_between(option, number, 0, 100, err);
}

static bool
is_time_between(const char *option, int64_t ns, int64_t low_ns, int64_t high_ns,
		struct err *err)
{
	char time[32], low[32], high[32];

	if (ns >= low_ns && ns <= high_ns)
		return true;
	return err_set(err, "option '--%s': %s is not between %s and %s", option,
		       text_ns(ns, time, sizeof(time)), text_ns(low_ns, low, sizeof(low)),
		       text_ns(high_ns, high, sizeof(high)));
}

static bool
check_numbers(struct test *test, struct err *err)
{
	int64_t reads = test->read_percent, cas = test->cas_percent;
	int64_t hour_ns = 3600 * NS_PER_S;

	if (!is_time_between("time", test->time_ns, 100 * NS_PER_MS, 24 * hour_ns, err) ||
	    !is_time_between("timeout", test->timeout_ns, NS_PER_MS, hour_ns, err) ||
	    !is_between("keys", test->keys, 0, 1000000, err) ||
	    !is_between("ops-per-key", test->ops_per_key, 0, 1000000, err) ||
	    !is_percent("reads", reads, err) || !is_percent("cas", cas, err))
		return false;
	if (reads >= 0 && cas >= 0 && reads + cas > 100)
		return err_set(err, "%d %% reads and %d %% cas are more than all",
			       (int)reads, (int)cas);
	if (test->rate > 1e9)
		return err_set(err, "option '--rate': at most 1e9 operations a second");
	return true;
}

/* "10" is ten clients, "2n" two for each node. */
static bool
read_concurrency(struct test *test, struct err *err)
{
	char digits[32];
	int64_t number;
	size_t length = strlen(test->concurrency_words);
	bool per_node = length > 1 && test->concurrency_words[length - 1] == 'n';

	snprintf(digits, sizeof(digits), "%.*s", (int)(per_node ? length - 1 : length),
		 test->concurrency_words);
	if (!text_int(digits, 1, TEST_CLIENTS_MAX, &number, err))
		return err_context(err, "option '--concurrency'");
	number *= per_node ? test->node_count : 1;
	test->concurrency = (int)number;
	return is_between("concurrency", number, 1, TEST_CLIENTS_MAX, err);
}

/* ---- hosts ---- */

static bool
read_inventory(struct test *test, struct err *err)
{
	if (test->hosts != NULL &&
	    !inventory_add_list(&test->inventory, test->hosts, err))
		return err_context(err, "option '--hosts'");
	if (test->inventory_path != NULL &&
	    !inventory_read(&test->inventory, test->inventory_path, err))
		return false;
	if (test->lab == NULL)
		return true;
	if (!lab_is_up(test->lab)) {
		err_set(err, "lab '%s' is not up", test->lab);
		return err_hint(
			err,
			"bring it up ('faultline lab up --name %s'), or leave out "
			"--lab: the run then makes its own",
			test->lab);
	}
	return lab_inventory(test->lab, &test->inventory, err);
}

static bool
check_one_source(const struct test *test, struct err *err)
{
	int sources = (test->hosts != NULL) + (test->inventory_path != NULL) +
		      (test->lab != NULL);

	if (sources > 0 && test->system->in_process)
		return err_set(err,
			       "system '%s' lives in this process and needs no hosts",
			       test->system->name);
	if (sources > 1)
		return err_set(err, "hosts come from one of --hosts, --inventory, --lab");
	return true;
}

static bool
find_hosts(struct test *test, struct err *err)
{
	if (!check_one_source(test, err) || !read_inventory(test, err))
		return false;
	int64_t found = (int64_t)test->inventory.hosts.count;
	int64_t wanted = test->nodes_wanted;

	if (found > 0 && wanted > 0 && wanted != found)
		return err_set(err, "%d nodes are asked for, but %d hosts are there",
			       (int)wanted, (int)found);
	if (wanted >= 0 && !is_between("nodes", wanted, 1, TEST_NODES_MAX, err))
		return false;
	test->needs_private_lab = found == 0 && !test->system->in_process;
	test->node_count = (int)(found > 0 ? found : wanted > 0 ? wanted : NODES_DEFAULT);
	if (test->node_count < test->system->node_count_min)
		return err_set(err, "system '%s' needs at least %d nodes, not %d",
			       test->system->name, test->system->node_count_min,
			       test->node_count);
	return is_between("nodes", test->node_count, 1, TEST_NODES_MAX, err);
}

/* ---- plan, cluster ---- */

/* Half of 64 bits, so that the number can be typed again. */
static bool
choose_seed(struct test *test, struct err *err)
{
	uint32_t drawn;

	if (test->seed >= 0)
		return true;
	if (getrandom(&drawn, sizeof(drawn), 0) != sizeof(drawn))
		return err_errno(err, "draw a seed");
	test->seed = drawn;
	return true;
}

static bool
make_plan(struct test *test, struct err *err)
{
	struct chaos_plan_options options = {
		.faults = test->faults,
		.time_ns = test->time_ns,
		.interval_ns = test->interval_ns,
		.host_count = test->node_count,
		.seed = (uint64_t)test->seed,
	};

	if (!chaos_plan_make(&test->plan, &options, err))
		return false;
	if (test->plan.steps.count > 0 && test->system->in_process)
		return err_set(err,
			       "system '%s' lives in this process: no fault can hit it",
			       test->system->name);
	return true;
}

static void
copy_strings(struct strings *to, const struct strings *from)
{
	vec_each (char *, text, &from->of)
		strings_push(to, *text);
}

static bool
open_cluster(struct test *test, struct err *err)
{
	struct cluster *cluster = &test->cluster;
	char label[32];

	clock_label(label, sizeof(label));
	snprintf(test->run_name, sizeof(test->run_name), "%.32s-%s-%d",
		 test->system->name, label, (int)getpid());
	cluster->node_count = test->node_count;
	cluster->run_name = test->run_name;
	cluster->seed = (uint64_t)test->seed;
	copy_strings(&cluster->options, &test->options);
	copy_strings(&cluster->bugs, &test->bugs);
	cluster->system = test->system;
	test->is_open = test->system->open == NULL || test->system->open(cluster, err);
	return test->is_open;
}

/* Online judges the decider of the first of the workload's checkers that has one. */
static bool
read_check(struct test *test, struct err *err)
{
	const char *const *checkers = test->workload->checkers;

	if (strcmp(test->check, "online") != 0)
		return strcmp(test->check, "end") == 0 ||
		       err_set(err, "--check must be 'end' or 'online', not '%s'",
			       test->check);
	for (size_t i = 0; test->online == NULL && checkers[i] != NULL; i++)
		test->online = online_decider_find(checkers[i]);
	if (test->online != NULL)
		return true;
	err_set(err, "workload '%s' cannot be checked online", test->workload->name);
	return err_hint(err, "its checkers judge whole histories; leave --check out");
}

static bool
check_name(const struct test *test, struct err *err)
{
	if (test->name == NULL || store_is_run_name(test->name))
		return true;
	err_set(err, "'%s' is no name of a run", test->name);
	return err_hint(err,
			"a name is a folder's: no '/', no '.' in front, not 'latest'");
}

bool
test_resolve(struct test *test, struct err *err)
{
	if (!find_system(test, err) || !find_workload(test, err) ||
	    !read_check(test, err) || !check_numbers(test, err) ||
	    !find_hosts(test, err) || !read_concurrency(test, err) ||
	    !check_name(test, err) || !log_patterns_check(&test->log_patterns, err) ||
	    !choose_seed(test, err) || !make_plan(test, err))
		return false;
	test->timeout_ms = (int)(test->timeout_ns / NS_PER_MS);
	test->workload_options = (struct workload_options){
		.key_count = (int)test->keys,
		.ops_per_key = (int)test->ops_per_key,
		.read_percent = (int)test->read_percent,
		.cas_percent = (int)test->cas_percent,
	};
	return open_cluster(test, err);
}

void
test_release(struct test *test)
{
	if (test->is_open && test->system->close != NULL)
		test->system->close(&test->cluster);
	strings_release(&test->cluster.options);
	strings_release(&test->cluster.bugs);
	strings_release(&test->options);
	strings_release(&test->bugs);
	strings_release(&test->log_patterns);
	chaos_plan_release(&test->plan);
	inventory_release(&test->inventory);
}

/* ---- the command line that repeats it ---- */

static void
word(struct buf *out, const char *option, const char *value)
{
	bool is_plain =
		value[0] != '\0' &&
		strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789_-.,:/@=+") == strlen(value);

	buf_printf(out, " --%s ", option);
	if (is_plain) {
		buf_string(out, value);
		return;
	}
	buf_char(out, '\'');
	for (; *value != '\0'; value++)
		if (*value == '\'')
			buf_string(out, "'\\''");
		else
			buf_char(out, *value);
	buf_char(out, '\'');
}

static void
maybe_word(struct buf *out, const char *option, const char *value)
{
	if (value != NULL)
		word(out, option, value);
}

static void
maybe_number(struct buf *out, const char *option, int64_t number, int64_t otherwise)
{
	if (number != otherwise)
		buf_printf(out, " --%s %" PRId64, option, number);
}

static void
maybe_duration(struct buf *out, const char *option, int64_t ns, int64_t otherwise)
{
	if (ns == otherwise)
		return;
	if (ns % NS_PER_S == 0)
		buf_printf(out, " --%s %" PRId64, option, ns / NS_PER_S);
	else
		buf_printf(out, " --%s %" PRId64 "ms", option, ns / NS_PER_MS);
}

void
test_command(const struct test *test, struct buf *out)
{
	struct test usual;

	test_init(&usual);
	buf_string(out, "faultline run");
	word(out, "system", test->system->name);
	word(out, "workload", test->workload->name);
	word(out, "faults", test->faults);
	maybe_duration(out, "time", test->time_ns, -1);
	word(out, "concurrency", test->concurrency_words);
	maybe_number(out, "nodes", test->nodes_wanted, -1);
	maybe_word(out, "hosts", test->hosts);
	maybe_word(out, "inventory", test->inventory_path);
	maybe_word(out, "lab", test->lab);
	if (test->rate > 0)
		buf_printf(out, " --rate %g", test->rate);
	maybe_number(out, "keys", test->keys, 0);
	maybe_number(out, "ops-per-key", test->ops_per_key, 0);
	maybe_number(out, "reads", test->read_percent, -1);
	maybe_number(out, "cas", test->cas_percent, -1);
	maybe_duration(out, "interval", test->interval_ns, 0);
	maybe_duration(out, "timeout", test->timeout_ns, usual.timeout_ns);
	if (test->online != NULL)
		word(out, "check", test->check);
	vec_each (char *, option, &test->options.of)
		word(out, "set", *option);
	vec_each (char *, bug, &test->bugs.of)
		word(out, "bug", *bug);
	vec_each (char *, pattern, &test->log_patterns.of)
		word(out, "log-pattern", *pattern);
	maybe_number(out, "seed", test->seed, -1);
}
