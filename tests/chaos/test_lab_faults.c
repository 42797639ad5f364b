/* test_lab_faults.c - faults end to end, on five local hosts over SSH: what is cut is
 * cut, for TCP over IPv4 and IPv6, between the right hosts and no others; and it heals
 * whatever becomes of the controller. */
#include "base/clock.h"
#include "base/log.h"
#include "chaos/fault.h"
#include "chaos/grudge.h"
#include "harness/run/agent.h"
#include "harness/command.h"
#include "harness/lab/lab.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	HOSTS = 5,
	LEADER = 2,
	GONE_MS = 10000
};
#define LAB "chaos-test"

extern const struct command command_heal;

static bool is_root;
static struct inventory inventory;
static struct host **hosts;
static int host_count;
static char *program;

/* One controller: agents and their chaos. */
struct controller {
	struct host **hosts; /* borrowed */
	struct agent *agents[HOSTS];
	struct chaos_plan plan;
	struct chaos *chaos;
};

#define NEEDS_LAB()                                                                      \
	do {                                                                             \
		if (!is_root) {                                                          \
			print_message("skipped: needs root for local hosts\n");          \
			skip();                                                          \
		}                                                                        \
	} while (0)

/* ---- the lab --------------------------------------------------------------------- */

static void
must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static bool
start_daemon(void *context, int i, struct err *err)
{
	static const char *const argv[] = {"sleep", "300", NULL};
	static const struct daemon daemon = {.name = "store", .argv = argv};

	(void)context;
	return host_daemon_install(hosts[i], &daemon, err) &&
	       host_daemon_start(hosts[i], "store", err);
}

static int
bring_up(void **state)
{
	struct err err = {0};
	char own[4096];

	(void)state;
	log_set_level(LOG_ERROR);
	is_root = geteuid() == 0;
	if (!is_root)
		return 0;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 64);
	own[length > 0 ? length : 0] = '\0';
	strcpy(strrchr(own, '/'), "/../../faultline-agent");
	setenv("FAULTLINE_AGENT", own, 1);
	program = agent_program(&err);
	must(program != NULL, &err);
	lab_down(LAB, &err);
	must(lab_up(LAB, HOSTS, &err) && lab_join(LAB, &err) &&
		     lab_inventory(LAB, &inventory, &err) &&
		     hosts_open(&inventory, &hosts, &host_count, &err) &&
		     hosts_each(host_count, start_daemon, NULL, &err),
	     &err);
	return 0;
}

static int
take_down(void **state)
{
	struct err err = {0};

	(void)state;
	if (!is_root)
		return 0;
	if (hosts != NULL)
		hosts_close(hosts, host_count);
	inventory_release(&inventory);
	free(program);
	return lab_down(LAB, &err) ? 0 : -1;
}

/* ---- a controller ---------------------------------------------------------------- */

static int
leader_of(void *context)
{
	(void)context;
	return LEADER;
}

static void
plan_step(struct chaos_plan *plan, const char *fault, const char *target, uint64_t draw)
{
	size_t count;
	const struct fault *const *faults = faults_all(&count);
	struct chaos_step step = {.draw = draw};

	for (size_t i = 0; i < count; i++)
		if (strcmp(faults[i]->name, fault) == 0)
			step.fault = faults[i];
	assert_non_null(step.fault);
	snprintf(step.target, sizeof(step.target), "%s", target);
	vec_push(&plan->steps, step);
}

static bool
open_agent(void *context, int i, struct err *err)
{
	struct controller *controller = context;
	char session[64];

	snprintf(session, sizeof(session), "test-%d", getpid());
	controller->agents[i] = agent_open(controller->hosts[i], program, session, err);
	return controller->agents[i] != NULL;
}

static bool
controller_open(struct controller *controller, struct host **with, struct err *err)
{
	static const struct chaos_hooks hooks = {.leader = leader_of};
	struct chaos_host chaos_hosts[HOSTS];

	controller->hosts = with;
	if (!hosts_each(HOSTS, open_agent, controller, err))
		return false;
	for (int i = 0; i < HOSTS; i++)
		chaos_hosts[i] = (struct chaos_host){
			.name = with[i]->name,
			.address = with[i]->address,
			.address6 = with[i]->address6,
			.daemon = "store",
			.link = agent_link_of(controller->agents[i]),
		};
	controller->chaos =
		chaos_open(chaos_hosts, HOSTS, &controller->plan, &hooks, err);
	return controller->chaos != NULL;
}

static void
controller_close(struct controller *controller)
{
	chaos_close(controller->chaos);
	for (int i = 0; i < HOSTS; i++)
		agent_close(controller->agents[i]);
	chaos_plan_release(&controller->plan);
	*controller = (struct controller){0};
}

/* ---- looking --------------------------------------------------------------------- */

/* reach[from][to]: bit 0 for IPv4, bit 1 for IPv6. */
struct reach {
	int of[HOSTS][HOSTS];
};

/* Every host tries the sshd of every other, all at once, 0.3 s each. */
static bool
try_peers(void *context, int from, struct err *err)
{
	struct reach *reach = context;
	struct buf command = {0}, output = {0};
	char word[32];

	for (int to = 0; to < HOSTS; to++) {
		const char *const addresses[] = {hosts[to]->address, hosts[to]->address6};
		for (int v = 0; v < 2; v++)
			buf_printf(
				&command,
				"(timeout 0.3 bash -c ': </dev/tcp/%s/22' 2>/dev/null && "
				"echo t%d%d) & ",
				addresses[v], to, v);
	}
	buf_string(&command, "wait");
	bool ok = host_exec(hosts[from], &output, 10000, err, "%s", buf_text(&command));
	for (int to = 0; to < HOSTS; to++)
		for (int v = 0; v < 2; v++) {
			snprintf(word, sizeof(word), "t%d%d\n", to, v);
			if (strstr(buf_text(&output), word) != NULL)
				reach->of[from][to] |= 1 << v;
		}
	buf_release(&command);
	buf_release(&output);
	return ok;
}

static struct reach
look(void)
{
	struct reach reach = {0};
	struct err err = {0};

	must(hosts_each(HOSTS, try_peers, &reach, &err), &err);
	return reach;
}

/* On a busy machine a connection may take longer than its 0.3 s, so that what should be
 * reachable is tried again until a deadline. What is cut must not answer a single time. */
static bool
matches(const struct grudge *grudge, const char *shape)
{
	struct reach reach = look();
	bool all = true;

	for (int from = 0; from < HOSTS; from++)
		for (int to = 0; to < HOSTS; to++) {
			bool cut = grudge != NULL && grudge_apart(grudge, from, to);
			if (cut && reach.of[from][to] != 0)
				fail_msg("%s: n%d -> n%d is %d, not cut", shape, from + 1,
					 to + 1, reach.of[from][to]);
			all &= cut || reach.of[from][to] == 3;
		}
	return all;
}

static bool
all_reachable(void)
{
	int64_t deadline = clock_ns() + 10 * NS_PER_S;

	while (!matches(NULL, ""))
		if (clock_left_ms(deadline) == 0)
			return false;
	return true;
}

/* A TCP connection needs both ways; a host always reaches itself. */
static void
assert_reach(const struct grudge *grudge, const char *shape)
{
	int64_t deadline = clock_ns() + 10 * NS_PER_S;

	while (!matches(grudge, shape))
		if (clock_left_ms(deadline) == 0)
			fail_msg("%s: a connection that is not cut fails", shape);
}

static bool
daemon_state(int i, char *state)
{
	struct buf output = {0};
	struct err err;
	bool ok = host_exec(
		hosts[i], &output, 5000, &err,
		"read -r pid start <%s/store/pid && awk '{print $3}' /proc/$pid/stat",
		hosts[i]->folder);

	*state = ok && output.len > 0 ? output.data[0] : '-';
	buf_release(&output);
	return ok;
}

static bool
all_daemons_run(void)
{
	for (int i = 0; i < HOSTS; i++) {
		char state;
		daemon_state(i, &state);
		if (state != 'S' && state != 'R')
			return false;
	}
	return true;
}

static bool
nothing_is_left(void)
{
	struct err err;

	for (int i = 0; i < HOSTS; i++)
		if (!host_exec(hosts[i], NULL, 5000, &err,
			       "! nft list tables | grep -q faultline_ && "
			       "! ls /run/faultline/undo-* 2>/dev/null"))
			return false;
	return true;
}

/* ---- partitions ------------------------------------------------------------------ */

static void
check_shape(struct controller *controller, size_t i)
{
	const struct chaos_step *step = &controller->plan.steps.items[i];
	struct chaos_outcome outcome = {0};
	struct err err = {0};
	struct grudge *grudge = grudge_draw(step->target, HOSTS, LEADER, step->draw);

	must(chaos_inject(controller->chaos, i, &outcome, &err), &err);
	if (!outcome.verified)
		fail_msg("%s: %s", step->target, outcome.error);
	assert_reach(grudge, step->target);
	must(chaos_heal(controller->chaos, i, &outcome, &err), &err);
	assert_true(outcome.injected && outcome.healed && outcome.has_evidence);
	assert_string_equal(outcome.error, "");
	assert_non_null(strstr(buf_text(&outcome.evidence), "\"packets\":"));
	assert_true(all_reachable());
	chaos_outcome_release(&outcome);
	free(grudge);
}

static void
every_shape_cuts_tcp_between_the_right_hosts_and_no_others(void **state)
{
	struct controller controller = {0};
	struct err err = {0};

	(void)state;
	NEEDS_LAB();
	assert_true(all_reachable());
	for (size_t i = 0; grudge_shapes[i] != NULL; i++)
		plan_step(&controller.plan, "partition", grudge_shapes[i], 1000 + i);
	must(controller_open(&controller, hosts, &err), &err);
	for (size_t i = 0; i < controller.plan.steps.count; i++)
		check_shape(&controller, i);
	must(chaos_heal_all(controller.chaos, &err), &err);
	controller_close(&controller);
	assert_true(nothing_is_left());
}

/* ---- processes ------------------------------------------------------------------- */

static void
kill_of_the_leader_and_pause_of_a_majority_are_proven_and_healed(void **state)
{
	struct controller controller = {0};
	struct chaos_outcome kill = {0}, pause = {0};
	struct err err = {0};
	int stopped = 0;
	char now;

	(void)state;
	NEEDS_LAB();
	plan_step(&controller.plan, "kill", "leader", 1);
	plan_step(&controller.plan, "pause", "majority", 2);
	must(controller_open(&controller, hosts, &err), &err);
	must(chaos_inject(controller.chaos, 0, &kill, &err), &err);
	assert_string_equal(kill.target, "n3 (leader)");
	assert_false(daemon_state(LEADER, &now) && now != 'Z');
	must(chaos_heal(controller.chaos, 0, &kill, &err), &err);
	assert_true(kill.verified && kill.healed && kill.has_evidence &&
		    all_daemons_run());
	assert_non_null(strstr(buf_text(&kill.evidence), "{\"killed\":{\"n3\":["));
	must(chaos_inject(controller.chaos, 1, &pause, &err), &err);
	for (int i = 0; i < HOSTS; i++)
		stopped += daemon_state(i, &now) && now == 'T';
	assert_int_equal(stopped, 3);
	must(chaos_heal(controller.chaos, 1, &pause, &err), &err);
	assert_true(pause.verified && pause.healed && pause.has_evidence &&
		    all_daemons_run());
	assert_non_null(strstr(buf_text(&pause.evidence), "\"frozen_ms\":{"));
	controller_close(&controller);
	chaos_outcome_release(&kill);
	chaos_outcome_release(&pause);
	assert_true(nothing_is_left());
}

static void
a_fault_that_cannot_be_had_is_refused_with_host_and_reason(void **state)
{
	struct controller controller = {0};
	struct err err = {0};

	(void)state;
	NEEDS_LAB();
	must(host_daemon_stop(hosts[3], "store", 1000, &err), &err);
	plan_step(&controller.plan, "kill", "one", 1);
	assert_false(controller_open(&controller, hosts, &err));
	assert_non_null(strstr(err.text, "fault 'kill' cannot be had: host n4"));
	assert_non_null(strstr(err.text, "find daemon 'store'"));
	controller_close(&controller);
	must(host_daemon_start(hosts[3], "store", &err), &err);
}

static void
a_lost_agent_is_named_and_the_other_hosts_are_healed(void **state)
{
	struct controller controller = {0};
	struct chaos_outcome outcome = {0};
	struct err err = {0};

	(void)state;
	NEEDS_LAB();
	plan_step(&controller.plan, "partition", "halves", 7);
	must(controller_open(&controller, hosts, &err), &err);
	must(chaos_inject(controller.chaos, 0, &outcome, &err), &err);
	must(host_exec(hosts[1], NULL, 5000, &err,
		       "kill -9 $(awk '/^agent/ {print $2}' /run/faultline/undo-*)"),
	     &err);
	assert_false(chaos_heal_all(controller.chaos, &err));
	assert_non_null(strstr(err.text, "host n2"));
	assert_true(all_reachable()); /* its guardian healed n2 */
	controller_close(&controller);
	chaos_outcome_release(&outcome);
	assert_true(nothing_is_left());
}

/* ---- the end of the controller --------------------------------------------------- */

/* A process of its own: it opens its own sessions, injects three faults at once, tells so
 * and waits for its end. */
static _Noreturn void
be_controller(int ready)
{
	struct controller controller = {0};
	struct chaos_outcome outcomes[3] = {0};
	struct host **own = NULL;
	struct err err = {0};
	int count;

	plan_step(&controller.plan, "kill", "leader", 1);
	plan_step(&controller.plan, "pause", "one", 4);
	plan_step(&controller.plan, "partition", "halves", 5);
	bool ok = hosts_open(&inventory, &own, &count, &err) &&
		  controller_open(&controller, own, &err);
	for (size_t i = 0; i < 3 && ok; i++)
		ok = chaos_inject(controller.chaos, i, &outcomes[i], &err);
	if (!ok)
		fprintf(stderr, "controller: %s\n", err.text);
	if (write(ready, ok ? "y" : "n", 1) == 1)
		pause();
	_exit(0);
}

static pid_t
start_controller(void)
{
	int ends[2];
	char word = 'n';

	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		be_controller(ends[1]);
	close(ends[1]);
	assert_int_equal(read(ends[0], &word, 1), 1);
	close(ends[0]);
	if (word != 'y') {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		fail_msg("the controller did not inject its faults");
	}
	assert_false(all_daemons_run());
	return pid;
}

/* Milliseconds until everything is as before; fails the test after GONE_MS. */
static int64_t
await_healed(void)
{
	int64_t start = clock_ns();

	while (!all_daemons_run() || !nothing_is_left() || !all_reachable())
		if (clock_ns() - start > GONE_MS * NS_PER_MS)
			break;
	return (clock_ns() - start) / NS_PER_MS;
}

static void
kill_9_of_the_controller_heals_everything(void **state)
{
	(void)state;
	NEEDS_LAB();
	pid_t pid = start_controller();
	kill(pid, SIGKILL);
	int64_t ms = await_healed();
	waitpid(pid, NULL, 0);
	assert_true(ms < GONE_MS);
}

/* The connection stays, but nobody beats: the lease of real length ends it. */
static void
a_controller_that_hangs_loses_its_faults_within_ten_seconds(void **state)
{
	(void)state;
	NEEDS_LAB();
	pid_t pid = start_controller();
	kill(pid, SIGSTOP);
	int64_t start = clock_ns();
	while (!all_daemons_run() && clock_ns() - start < GONE_MS * NS_PER_MS)
		clock_sleep_ms(50);
	bool reachable = all_reachable();
	int64_t ms = (clock_ns() - start) / NS_PER_MS;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	await_healed();
	assert_true(reachable);
	assert_in_range(ms, 6000, GONE_MS);
}

/* In a process of its own, as lab_join wants no threads; its output is thrown away. */
static int
run_heal(const char *lab)
{
	const char *argv[] = {"heal", "--lab", lab, NULL};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(freopen("/dev/null", "w", stdout) != NULL &&
				      freopen("/dev/null", "w", stderr) != NULL
			      ? command_heal.main(3, (char **)argv)
			      : 99);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
faultline_heal_takes_everything_off_the_hosts(void **state)
{
	(void)state;
	NEEDS_LAB();
	pid_t pid = start_controller();
	assert_int_equal(run_heal(LAB), 0);
	assert_true(all_daemons_run() && all_reachable() && nothing_is_left());
	assert_int_equal(run_heal("no-such-lab"), 255);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			every_shape_cuts_tcp_between_the_right_hosts_and_no_others),
		cmocka_unit_test(
			kill_of_the_leader_and_pause_of_a_majority_are_proven_and_healed),
		cmocka_unit_test(
			a_fault_that_cannot_be_had_is_refused_with_host_and_reason),
		cmocka_unit_test(a_lost_agent_is_named_and_the_other_hosts_are_healed),
		cmocka_unit_test(kill_9_of_the_controller_heals_everything),
		cmocka_unit_test(faultline_heal_takes_everything_off_the_hosts),
		cmocka_unit_test(
			a_controller_that_hangs_loses_its_faults_within_ten_seconds),
	};

	return cmocka_run_group_tests(tests, bring_up, take_down);
}
