#include "harness/run/nemesis.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chaos/fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nemesis {
	struct nemesis_plan plan;
	pthread_t thread;
	pthread_mutex_t lock; /* guards now */
	char now[256];
	/* Of the thread, until it is joined: */
	struct nemesis_sum sum;
	struct quiet quiet;
	int64_t quiet_since_ns; /* -1: a fault is in force */
	uint64_t quiet_since_ok;
	bool is_in_force;
	size_t step;		      /* in force */
	struct store_fault row;	      /* of the step in force */
	struct chaos_outcome outcome; /* of the step in force */
};

/* ---- the plan as a generator ---- */

struct plan_generator {
	struct generator base;
	const struct chaos_plan *steps; /* borrowed */
	size_t at;			/* 2 * step: inject; 2 * step + 1: heal */
};

static enum gen_answer
plan_next(struct generator *g, const struct gen_context *context, struct call *call,
	  int64_t *again_ns)
{
	struct plan_generator *plan = (struct plan_generator *)g;

	if (plan->at == plan->steps->steps.count * 2)
		return GEN_DONE;
	const struct chaos_step *step = &plan->steps->steps.items[plan->at / 2];
	int64_t moment_ns = plan->at % 2 == 0 ? step->start_ns : step->end_ns;
	if (context->now_ns < moment_ns) {
		*again_ns = moment_ns;
		return GEN_PENDING;
	}
	call->input = val_small((int64_t)plan->at++);
	return GEN_OP;
}

static void
plan_update(struct generator *g, const struct gen_context *context,
	    const struct call *call)
{
	(void)g;
	(void)context;
	(void)call;
}

static void
plan_free(struct generator *g)
{
	free(g);
}

struct generator *
nemesis_generator(const struct chaos_plan *steps)
{
	struct plan_generator *plan = mem_new(1, sizeof(*plan));

	plan->base = (struct generator){plan_next, plan_update, plan_free};
	plan->steps = steps;
	return &plan->base;
}

/* ---- quiet phases ---- */

static int64_t
now_of(const struct nemesis *nemesis)
{
	return clock_ns() - nemesis->plan.start_ns;
}

static void
begin_quiet(struct nemesis *nemesis)
{
	nemesis->quiet_since_ns = now_of(nemesis);
	nemesis->quiet_since_ok = recorder_tally(nemesis->plan.recorder).ok;
}

static void
end_quiet(struct nemesis *nemesis)
{
	if (nemesis->quiet_since_ns < 0)
		return;
	nemesis->quiet.ns += now_of(nemesis) - nemesis->quiet_since_ns;
	nemesis->quiet.ok +=
		recorder_tally(nemesis->plan.recorder).ok - nemesis->quiet_since_ok;
	nemesis->quiet_since_ns = -1;
}

/* ---- one fault ---- */

static void
set_now(struct nemesis *nemesis, const char *text)
{
	pthread_mutex_lock(&nemesis->lock);
	snprintf(nemesis->now, sizeof(nemesis->now), "%s", text);
	pthread_mutex_unlock(&nemesis->lock);
}

/* The store refusing a row is noticed by the recorder too, which ends the run. */
static void
put_row(struct nemesis *nemesis)
{
	const struct chaos_outcome *outcome = &nemesis->outcome;
	struct store_fault *row = &nemesis->row;
	struct err err;

	row->resolved = outcome->target;
	row->injected = outcome->injected;
	row->verified = outcome->verified;
	row->healed = outcome->healed;
	row->has_evidence = outcome->has_evidence;
	row->evidence = outcome->evidence.len > 0 ? buf_text(&outcome->evidence) : "{}";
	row->error = outcome->error;
	if (!store_put_fault(nemesis->plan.store, row, &err))
		log_warn("record a fault: %s", err.text);
}

static void
note_trouble(struct nemesis *nemesis, const char *what)
{
	const struct chaos_step *step = &nemesis->plan.steps->steps.items[nemesis->step];
	const char *error = nemesis->outcome.error;

	if (nemesis->sum.trouble[0] != '\0')
		return;
	snprintf(nemesis->sum.trouble, sizeof(nemesis->sum.trouble),
		 "fault %zu (%s %s) %s%s%.180s", nemesis->step + 1, step->fault->name,
		 step->target, what, error[0] != '\0' ? ": " : "", error);
}

/* What the step has come to, when it is over. */
static void
add_up(struct nemesis *nemesis)
{
	const struct chaos_outcome *outcome = &nemesis->outcome;

	nemesis->sum.injected += outcome->injected;
	nemesis->sum.verified += outcome->injected && outcome->verified;
	nemesis->sum.with_evidence += outcome->injected && outcome->has_evidence;
	nemesis->sum.healed += outcome->injected && outcome->healed;
	if (!outcome->injected)
		note_trouble(nemesis, "was not injected");
	else if (!outcome->verified)
		note_trouble(nemesis, "was not shown to be in force");
	else if (!outcome->has_evidence)
		note_trouble(nemesis, "left no evidence");
	else if (!outcome->healed)
		note_trouble(nemesis, "was not shown to be healed");
	chaos_outcome_release(&nemesis->outcome);
	nemesis->is_in_force = false;
}

static void
keep_error(struct chaos_outcome *outcome, const struct err *err)
{
	if (outcome->error[0] == '\0')
		snprintf(outcome->error, sizeof(outcome->error), "%.250s", err->text);
}

static void
inject(struct nemesis *nemesis, size_t index)
{
	const struct chaos_step *step = &nemesis->plan.steps->steps.items[index];
	struct chaos_outcome *outcome = &nemesis->outcome;
	char words[256];
	struct err err;

	*outcome = (struct chaos_outcome){0};
	nemesis->step = index;
	nemesis->sum.begun++;
	end_quiet(nemesis);
	nemesis->row = (struct store_fault){.fault = step->fault->name,
					    .target = step->target,
					    .start_ns = now_of(nemesis),
					    .end_ns = -1};
	nemesis->is_in_force = chaos_inject(nemesis->plan.chaos, index, outcome, &err);
	if (!nemesis->is_in_force) {
		outcome->injected = false;
		keep_error(outcome, &err);
		nemesis->row.end_ns = now_of(nemesis);
		log_warn("inject %s (%s): %s", step->fault->name, step->target, err.text);
	} else {
		snprintf(words, sizeof(words), "%s %s", step->fault->name,
			 outcome->target);
		set_now(nemesis, words);
		log_info("fault %zu: %s", index + 1, words);
	}
	put_row(nemesis);
	if (!nemesis->is_in_force) {
		add_up(nemesis);
		begin_quiet(nemesis);
	}
}

static void
heal(struct nemesis *nemesis)
{
	const struct chaos_step *step = &nemesis->plan.steps->steps.items[nemesis->step];
	struct err err;

	if (!nemesis->is_in_force)
		return;
	if (!chaos_heal(nemesis->plan.chaos, nemesis->step, &nemesis->outcome, &err)) {
		keep_error(&nemesis->outcome, &err);
		log_warn("heal %s (%s): %s", step->fault->name, step->target, err.text);
	}
	nemesis->row.end_ns = now_of(nemesis);
	put_row(nemesis);
	log_info("fault %zu: healed, evidence %s", nemesis->step + 1,
		 nemesis->outcome.has_evidence ? buf_text(&nemesis->outcome.evidence)
					       : "none");
	add_up(nemesis);
	set_now(nemesis, "");
	begin_quiet(nemesis);
}

static void *
carry_out(void *context)
{
	struct nemesis *nemesis = context;
	struct values values;
	struct call call = {.values = &values};

	values_init(&values);
	begin_quiet(nemesis);
	while (turns_take(nemesis->plan.turns, GEN_NEMESIS, &call)) {
		size_t at = (size_t)val_number(&values, call.input);
		if (at % 2 == 0)
			inject(nemesis, at / 2);
		else
			heal(nemesis);
		call.type = OP_OK;
	}
	heal(nemesis);
	end_quiet(nemesis);
	values_release(&values);
	return NULL;
}

struct nemesis *
nemesis_new(const struct nemesis_plan *plan, struct err *err)
{
	struct nemesis *nemesis = mem_new(1, sizeof(*nemesis));

	ASSERT(plan->chaos != NULL || plan->steps->steps.count == 0);
	nemesis->plan = *plan;
	nemesis->sum.step_count = (int)plan->steps->steps.count;
	pthread_mutex_init(&nemesis->lock, NULL);
	int code = pthread_create(&nemesis->thread, NULL, carry_out, nemesis);
	if (code == 0)
		return nemesis;
	err_set(err, "start the nemesis thread: %s", strerror(code));
	nemesis_free(nemesis);
	return NULL;
}

void
nemesis_now(struct nemesis *nemesis, char *text, size_t bytes)
{
	pthread_mutex_lock(&nemesis->lock);
	snprintf(text, bytes, "%s", nemesis->now);
	pthread_mutex_unlock(&nemesis->lock);
}

void
nemesis_join(struct nemesis *nemesis)
{
	pthread_join(nemesis->thread, NULL);
}

const struct nemesis_sum *
nemesis_sum(const struct nemesis *nemesis)
{
	return &nemesis->sum;
}

struct quiet
nemesis_quiet(const struct nemesis *nemesis)
{
	return nemesis->quiet;
}

void
nemesis_free(struct nemesis *nemesis)
{
	if (nemesis == NULL)
		return;
	pthread_mutex_destroy(&nemesis->lock);
	free(nemesis);
}
