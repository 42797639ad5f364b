#include "harness/run/runner.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "harness/run/deploy.h"
#include "harness/run/interrupt.h"
#include "harness/run/status.h"
#include "harness/run/verdict.h"
#include "harness/run/worker.h"
#include "results/drawing/plots.h"
#include "results/drawing/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deadlines of the phases, on top of what each of their steps allows itself. */
enum {
	READY_MS = 60000,
	HEAL_MS = 60000,
	FINAL_MS = 60000,
	GRACE_MS =
		5000, /* for clients to come back, beyond the timeouts of their calls */
};

struct run {
	struct test *test;
	struct run_outcome *outcome;
	struct store *store;
	FILE *log;
	struct deployment deployment;
	struct recorder *recorder;
	struct online_check *online; /* NULL: all is judged at the end */
	struct nemesis *nemesis;
	struct turns *turns; /* of the phase at hand */
	int64_t start_ns;    /* of the main phase; 0 before */
	int64_t main_ns;     /* its length as it was */
	uint32_t next_process;
	/* A client did not come back: its thread still uses turns, recorder and system, so
	 * that nothing of these may be freed. */
	bool is_stuck;
};

/* ---- the log ---- */

__attribute__((format(printf, 3, 4))) static void
note(struct run *run, const char *kind, const char *format, ...)
{
	char text[512];
	va_list args;
	struct err err;
	int64_t at_ns = run->start_ns == 0 ? 0 : clock_ns() - run->start_ns;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (strcmp(kind, "phase") == 0)
		log_info("%s", text);
	if (run->store != NULL && !store_put_note(run->store, at_ns, kind, text, &err))
		log_debug("note: %s", err.text);
}

static bool
open_store(struct run *run, struct err *err)
{
	struct test *test = run->test;
	struct buf command = {0};
	char *name = test->name != NULL ? mem_string(test->name)
					: mem_format("%s-%s", test->system->name,
						     test->workload->name);

	test_command(test, &command);
	struct store_run head = {
		.name = name,
		.system = test->system->name,
		.workload = test->workload->name,
		.faults = test->faults,
		.command = buf_text(&command),
		.version = FAULTLINE_VERSION,
		.seed = (uint64_t)test->seed,
		.started_unix_ms = clock_unix_ms(),
		.time_ns = test->time_ns,
		.concurrency = test->concurrency,
		.node_count = test->node_count,
	};
	run->store = store_create(test->runs_folder, &head, err);
	free(name);
	buf_release(&command);
	if (run->store == NULL)
		return false;
	run->outcome->folder = mem_string(store_folder(run->store));
	char *path = mem_format("%s/log.txt", run->outcome->folder);
	run->log = fopen(path, "w");
	free(path);
	if (run->log == NULL)
		return err_errno(err, "open '%s/log.txt'", run->outcome->folder);
	log_set_file(run->log);
	return true;
}

/* ---- clients at work ---- */

static void
show_status(struct run *run, struct status *status, const char *phase)
{
	char fault[256] = "";

	if (run->nemesis != NULL)
		nemesis_now(run->nemesis, fault, sizeof(fault));
	if (run->online != NULL)
		status->judged = online_check_judged(run->online);
	status_show(status, phase, recorder_tally(run->recorder), fault);
}

static bool
found_online(const struct run *run)
{
	return run->online != NULL && online_check_found(run->online);
}

/* Watches over a phase until its clients have ended; stops them when the run is to end or
 * the deadline has passed. False when a client does not come back. */
static bool
watch(struct run *run, struct crew *crew, const char *phase, int64_t deadline_ns,
      int64_t time_ns)
{
	struct status status;
	struct err ignored;
	bool is_stopped = false;

	status_init(&status, clock_ns(), time_ns, run->test->quiet);
	status.is_judged = run->online != NULL;
	while (!crew_await(crew, STATUS_PERIOD_MS)) {
		show_status(run, &status, phase);
		if (!is_stopped &&
		    (interrupt_came() || recorder_failed(run->recorder, &ignored) ||
		     found_online(run) || clock_ns() > deadline_ns)) {
			if (found_online(run))
				note(run, "phase",
				     "a violation was found on the way: "
				     "the clients end");
			turns_stop(run->turns);
			deadline_ns = clock_ns() +
				      (2 * run->test->timeout_ms + GRACE_MS) * NS_PER_MS;
			is_stopped = true;
		} else if (is_stopped && clock_ns() > deadline_ns) {
			log_status("");
			return false;
		}
	}
	log_status("");
	return true;
}

/* Runs a generator with so many clients, and the nemesis when there is one. */
static bool
run_clients(struct run *run, int thread_count, const char *phase, int64_t deadline_ns,
	    int64_t time_ns, struct err *err)
{
	const struct crew_plan plan = {
		.cluster = &run->test->cluster,
		.turns = run->turns,
		.recorder = run->recorder,
		.thread_count = thread_count,
		.first_process = run->next_process,
		.timeout_ms = run->test->timeout_ms,
	};
	struct crew *crew = crew_new(&plan, err);

	if (crew == NULL)
		return false;
	run->is_stuck = !watch(run, crew, phase, deadline_ns, time_ns);
	if (run->is_stuck)
		return err_set(err,
			       "%s: a client did not come back within %d ms of its "
			       "timeout",
			       phase, run->test->timeout_ms + GRACE_MS);
	run->next_process = crew_next_process(crew);
	crew_free(crew);
	return !recorder_failed(run->recorder, err);
}

/* Clients for the time, at the rate, and the fault plan beside them. */
static struct generator *
main_generator(const struct test *test)
{
	struct generator *clients = test->workload->main(&test->workload_options);

	if (test->rate > 0) {
		double mean_ns = 1e9 / test->rate;
		clients = gen_stagger(mean_ns < 1 ? 1 : (int64_t)mean_ns, clients);
	}
	clients = gen_on_clients(gen_time_limit(test->time_ns, clients));
	struct generator *both[] = {clients,
				    gen_on_nemesis(nemesis_generator(&test->plan))};
	return gen_any(both, 2);
}

static bool
start_nemesis(struct run *run, struct err *err)
{
	const struct nemesis_plan plan = {
		.steps = &run->test->plan,
		.chaos = run->deployment.chaos,
		.turns = run->turns,
		.recorder = run->recorder,
		.store = run->store,
		.start_ns = run->start_ns,
	};

	run->nemesis = nemesis_new(&plan, err);
	return run->nemesis != NULL;
}

static bool
start_online(struct run *run, struct err *err)
{
	const struct online_options options = {0};

	if (run->test->online == NULL)
		return true;
	run->online = online_check_new(run->test->online, &options, err);
	if (run->online != NULL)
		recorder_judge(run->recorder, run->online);
	return run->online != NULL;
}

static void
end_online(struct run *run)
{
	struct buf words = {0};

	if (run->online == NULL)
		return;
	online_check_end(run->online, &words);
	note(run, "checked online", "%s", buf_text(&words));
	log_info("checked online: %s", buf_text(&words));
	online_check_free(run->online);
	run->online = NULL;
	buf_release(&words);
}

static void
end_turns(struct run *run)
{
	if (!run->is_stuck)
		turns_free(run->turns);
	run->turns = NULL;
}

static bool
main_phase(struct run *run, struct err *err)
{
	struct test *test = run->test;
	int ring_count = test->concurrency > test->node_count ? test->concurrency
							      : test->node_count;

	run->start_ns = clock_ns();
	run->recorder = recorder_new(run->store, ring_count, run->start_ns, err);
	if (run->recorder == NULL || !start_online(run, err))
		return false;
	run->turns = turns_new(main_generator(test), test->concurrency,
			       (uint64_t)test->seed, run->start_ns);
	note(run, "phase", "clients: %d for %.1f s, %s", test->concurrency,
	     (double)test->time_ns / 1e9,
	     test->plan.steps.count > 0 ? "with faults" : "without faults");
	bool ok = start_nemesis(run, err);
	if (ok) {
		ok = run_clients(run, test->concurrency, "clients",
				 run->start_ns + test->time_ns + GRACE_MS * NS_PER_MS,
				 test->time_ns, err);
		turns_stop(run->turns);
		run->main_ns = clock_ns() - run->start_ns;
		nemesis_join(run->nemesis);
	}
	run->outcome->tally = recorder_tally(run->recorder);
	end_turns(run);
	return ok;
}

static bool
final_phase(struct run *run, struct err *err)
{
	struct test *test = run->test;
	int64_t now_ns = clock_ns();

	if (test->workload->final == NULL || interrupt_came())
		return true;
	note(run, "phase", "final reads");
	run->turns = turns_new(test->workload->final(&test->workload_options),
			       test->node_count, (uint64_t)test->seed + 1, now_ns);
	bool ok = run_clients(run, test->node_count, "final reads",
			      now_ns + FINAL_MS * NS_PER_MS, FINAL_MS * NS_PER_MS, err);
	end_turns(run);
	return ok;
}

/* ---- phases ---- */

static bool
set_up(struct run *run, struct err *err)
{
	struct deployment *deployment = &run->deployment;
	int64_t start_ns = clock_ns();
	char text[32];

	if (!deploy_hosts(deployment, err) || !open_store(run, err) ||
	    !deploy_record(deployment, run->store, err))
		return false;
	note(run, "seed", "%lld", (long long)run->test->seed);
	if (run->test->system->in_process)
		return true;
	note(run, "phase", "install '%s' on %d host%s and start it",
	     run->test->system->name, deployment->host_count,
	     deployment->host_count == 1 ? "" : "s");
	if (!deploy_system(deployment, READY_MS, err) || !deploy_chaos(deployment, err))
		return false;
	note(run, "phase", "'%s' serves after %s", run->test->system->name,
	     text_ns(clock_ns() - start_ns, text, sizeof(text)));
	return true;
}

static bool
heal(struct run *run, struct err *err)
{
	if (run->deployment.chaos == NULL)
		return true;
	note(run, "phase", "heal all and wait until '%s' serves",
	     run->test->system->name);
	return deploy_heal(&run->deployment, HEAL_MS, err);
}

static void
note_delay(struct run *run)
{
	int64_t late_ns = recorder_late_ns(run->recorder);

	note(run, "recorded late by at most", "%.1f ms", (double)late_ns / 1e6);
	if (late_ns > RECORDER_LATE_MS * NS_PER_MS)
		log_warn("the disk of '%s' is slow: an operation was recorded up to %.0f "
			 "ms "
			 "after it was sent",
			 run->outcome->folder, (double)late_ns / 1e6);
}

static bool
record_end(struct run *run, struct err *err)
{
	bool ok = true;

	if (run->recorder != NULL) {
		ok = recorder_drain(run->recorder, err);
		end_online(run);
		note_delay(run);
	}
	if (!run->is_stuck)
		recorder_free(run->recorder);
	run->recorder = NULL;
	return ok;
}

/* Keeps the first of several errors. */
static void
keep_first(bool *ok, struct err *first, bool step_ok, const struct err *err)
{
	if (step_ok)
		return;
	if (*ok)
		*first = *err;
	else
		log_warn("%s", err->text);
	*ok = false;
}

/* Everything that touches hosts. Faults are healed and logs collected on every path. */
static bool
drive(struct run *run, struct err *err)
{
	bool ok = set_up(run, err) && !interrupt_came();
	struct err next;

	if (!ok && interrupt_came() && err->text[0] == '\0')
		err_set(err, "interrupted before the first operation");
	if (ok)
		ok = main_phase(run, err);
	keep_first(&ok, err, heal(run, &next), &next);
	if (ok)
		keep_first(&ok, err, final_phase(run, &next), &next);
	keep_first(&ok, err, record_end(run, &next), &next);
	if (run->store != NULL && run->deployment.hosts != NULL) {
		note(run, "phase", "collect logs and stop '%s'", run->test->system->name);
		deploy_collect(&run->deployment, run->outcome->folder);
	}
	deploy_close(&run->deployment);
	return ok;
}

/* ---- the verdict ---- */

static void
add_throughput(struct run *run)
{
	struct run_outcome *outcome = run->outcome;

	outcome->quiet = nemesis_quiet(run->nemesis);
	verdict_tell_throughput(outcome, run->main_ns);
	note(run, "rate", "%.1f", outcome->rate);
	note(run, "quiet rate", "%.1f", outcome->quiet_rate);
}

static void
draw(struct run *run)
{
	struct err err;

	if (run->test->plots && !plots_draw(run->store, &err))
		log_warn("%s", err.text);
	run->outcome->has_report = report_write(run->store, &err);
	if (!run->outcome->has_report)
		log_warn("%s", err.text);
}

static void
finish(struct run *run, bool ok, const struct err *err)
{
	char status[600];
	struct err finish_err;

	if (run->store == NULL)
		return;
	snprintf(status, sizeof(status), "broken: %.580s", err->text);
	if (!store_finish(run->store,
			  !ok				  ? status
			  : run->outcome->was_interrupted ? "interrupted"
							  : "done",
			  NULL, &finish_err))
		log_warn("%s", finish_err.text);
}

static void
release(struct run *run)
{
	struct err err;

	if (!run->is_stuck)
		nemesis_free(run->nemesis);
	if (run->store != NULL && !store_close(run->store, &err))
		log_warn("%s", err.text);
	log_set_file(NULL);
	if (run->log != NULL)
		fclose(run->log);
}

bool
runner_run(struct test *test, struct run_outcome *outcome, struct err *err)
{
	struct run run = {.test = test, .outcome = outcome};

	*outcome = (struct run_outcome){0};
	run.deployment.test = test;
	err_clear(err);
	log_set_level(test->quiet ? LOG_WARN : LOG_INFO);
	if (!interrupt_open(err))
		return false;
	bool ok = drive(&run, err);
	outcome->was_interrupted = interrupt_came();
	if (ok) {
		note(&run, "phase", "check");
		ok = verdict_find(test, run.store, nemesis_sum(run.nemesis), outcome,
				  err);
	}
	if (ok)
		add_throughput(&run);
	finish(&run, ok, err);
	if (ok)
		draw(&run);
	release(&run);
	return ok;
}

void
run_outcome_release(struct run_outcome *outcome)
{
	free(outcome->folder);
	buf_release(&outcome->words);
	buf_release(&outcome->throughput);
	buf_release(&outcome->traffic);
	buf_release(&outcome->summary);
	buf_release(&outcome->json);
}
