/* test.h - everything that one run needs: what was asked, and what it means.
 *
 * cmd_run fills in the words, test_resolve checks each of them (an unknown one names the
 * nearest known one) and finds systems, workload, hosts and the fault plan. Nothing is
 * started by it and no host is reached. */
#ifndef HARNESS_TEST_H
#define HARNESS_TEST_H

#include "chaos/chaos.h"
#include "checkers/online/online.h"
#include "harness/hosts/inventory.h"
#include "systems/system.h"
#include "workloads/workload.h"

enum {
	TEST_CLIENTS_MAX = 4096,
	TEST_NODES_MAX = 100
};

struct test {
	/* Words as asked for; all strings borrowed. */
	const char *system_name, *workload_name, *faults;
	const char *concurrency_words; /* "10", or "2n": twice the number of nodes */
	const char *hosts, *inventory_path, *lab; /* NULL: not said */
	const char *runs_folder, *name;		  /* name NULL: SYSTEM-WORKLOAD */
	const char *check;			  /* "end", or "online" as well */
	struct strings options, bugs;		  /* owned */
	struct strings log_patterns;		  /* owned; looked for in nodes' logs */
	int64_t time_ns, interval_ns;		  /* interval 0: the plan decides */
	int64_t timeout_ns, check_time_ns;	  /* of one operation; of all checkers */
	int64_t nodes_wanted;			  /* -1: not said */
	int64_t keys, ops_per_key;		  /* 0: the workload decides */
	int64_t read_percent, cas_percent;	  /* -1: the workload decides */
	double rate;  /* operations a second; 0: as fast as they come */
	int64_t seed; /* -1: draw one */
	bool plots, quiet;

	/* Found by test_resolve. */
	const struct system *system;
	const struct workload *workload;
	struct workload_options workload_options;
	struct inventory inventory; /* empty: in-process, or a private lab */
	bool needs_private_lab;
	const struct online_decider *online; /* NULL: all is judged at the end */
	struct chaos_plan plan;
	struct cluster cluster;
	bool is_open; /* the system accepted its options */
	int node_count, concurrency, timeout_ms;
	char run_name[96]; /* unique */
};

/* The defaults; what cmd_run starts from. */
void test_init(struct test *test);

/* Checks and finds all. False: a usage error. */
bool test_resolve(struct test *test, struct err *err);

void test_release(struct test *test);

/* Appends the command line that repeats the run, with its seed. */
void test_command(const struct test *test, struct buf *out);

#endif
