#include "chaos/daemon_fault.h"

#include "base/value.h"
#include "chaos/agent/protocol.h"
#include "chaos/ask.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const daemon_targets[] = {"one",	  "leader", "minority",
				      "majority", "all",    NULL};

int
daemon_hosts_min(const char *target)
{
	if (strcmp(target, "minority") == 0 || strcmp(target, "majority") == 0)
		return 3;
	return strcmp(target, "all") == 0 ? 2 : 1;
}

bool
daemon_probe(const struct chaos_host *host, struct err *err)
{
	struct buf reply = {0};
	bool ok = ask(host, &reply, ASK_SHORT_MS, err, "check process %s", host->daemon);

	buf_release(&reply);
	return ok;
}

static int
target_size(const char *target, int hosts)
{
	int majority = hosts / 2 + 1;

	if (strcmp(target, "minority") == 0)
		return hosts - majority;
	if (strcmp(target, "majority") == 0)
		return majority;
	return strcmp(target, "all") == 0 ? hosts : 1;
}

/* Draws the hosts; a leader that nobody knows is one of them by chance. */
static struct daemon_hit *
draw_hits(const struct fault_scene *scene)
{
	int count = scene->host_count;
	struct daemon_hit *hits = mem_new((size_t)count, sizeof(*hits));
	int *order = mem_new((size_t)count, sizeof(int));
	struct rng rng;

	for (int i = 0; i < count; i++)
		order[i] = i;
	rng_init(&rng, scene->draw);
	rng_shuffle(&rng, order, (size_t)count);
	if (strcmp(scene->target, "leader") == 0 && scene->leader >= 0)
		order[0] = scene->leader;
	for (int i = 0; i < target_size(scene->target, count); i++)
		hits[order[i]].hit = true;
	free(order);
	return hits;
}

static void
describe(const struct fault_scene *scene, const struct daemon_hit *hits,
	 struct chaos_outcome *outcome)
{
	struct buf words = {0};

	for (int i = 0; i < scene->host_count; i++)
		if (hits[i].hit)
			buf_printf(&words, "%s%s", words.len > 0 ? " " : "",
				   scene->hosts[i].name);
	if (strcmp(scene->target, "leader") == 0)
		buf_string(&words,
			   scene->leader >= 0 ? " (leader)" : " (no leader known)");
	snprintf(outcome->target, sizeof(outcome->target), "%s", buf_text(&words));
	buf_release(&words);
}

struct injection {
	struct fault_scene *scene;
	const char *verb;
};

/* Pids that do not fit are left out whole. */
static void
keep_pids(struct daemon_hit *hit, const char *reply)
{
	char pids[sizeof(hit->pids) + 16];

	reply_text(reply, "pids", pids, sizeof(pids));
	if (strlen(pids) >= sizeof(hit->pids)) {
		pids[sizeof(hit->pids) - 1] = '\0';
		char *comma = strrchr(pids, ',');
		if (comma != NULL)
			*comma = '\0';
	}
	memcpy(hit->pids, pids, strlen(pids) + 1);
}

static bool
hit_one(void *context, int i, struct err *err)
{
	struct injection *injection = context;
	struct fault_scene *scene = injection->scene;
	struct daemon_hit *hit = &((struct daemon_hit *)scene->state)[i];
	struct buf reply = {0};

	if (!hit->hit)
		return true;
	bool ok = ask(&scene->hosts[i], &reply, ASK_LONG_MS, err, "%s %" PRIu64 " %s",
		      injection->verb, scene->lease, scene->hosts[i].daemon);
	if (ok)
		keep_pids(hit, buf_text(&reply));
	buf_release(&reply);
	return ok;
}

bool
daemon_inject(struct fault_scene *scene, const char *verb, struct chaos_outcome *outcome,
	      struct err *err)
{
	struct injection injection = {.scene = scene, .verb = verb};

	scene->state = draw_hits(scene);
	describe(scene, scene->state, outcome);
	/* The agent replies only when /proc shows the processes stopped, or gone. */
	outcome->injected = outcome->verified =
		ask_each(scene->host_count, hit_one, &injection, err);
	if (outcome->injected) {
		buf_string(&outcome->evidence, "{\"pids\":");
		daemon_print(scene, &outcome->evidence, daemon_print_pids);
		buf_char(&outcome->evidence, '}');
	}
	return outcome->injected;
}

static bool
heal_one(void *context, int i, struct err *err)
{
	struct fault_scene *scene = context;
	struct daemon_hit *hit = &((struct daemon_hit *)scene->state)[i];
	struct buf reply = {0};

	if (!hit->hit)
		return true;
	hit->healed = ask(&scene->hosts[i], &reply, ASK_LONG_MS, err, "heal %" PRIu64,
			  scene->lease);
	if (hit->healed) {
		const char *text = buf_text(&reply);
		hit->ms = reply_number(text, "ms", 0);
		hit->cpu_ms = reply_number(text, "cpu_ms", -1);
		hit->stayed = reply_number(text, "stayed", 0) == 1;
		hit->pid = reply_number(text, "pid", 0);
	}
	buf_release(&reply);
	return hit->healed;
}

bool
daemon_heal(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	outcome->healed = ask_each(scene->host_count, heal_one, scene, err);
	return outcome->healed;
}

void
daemon_print(const struct fault_scene *scene, struct buf *out,
	     void (*value)(const struct daemon_hit *hit, struct buf *out))
{
	const struct daemon_hit *hits = scene->state;
	const char *separator = "{";

	for (int i = 0; i < scene->host_count; i++) {
		if (!hits[i].hit)
			continue;
		buf_string(out, separator);
		json_print_string(scene->hosts[i].name, strlen(scene->hosts[i].name),
				  out);
		buf_char(out, ':');
		value(&hits[i], out);
		separator = ",";
	}
	buf_char(out, '}');
}

void
daemon_print_pids(const struct daemon_hit *hit, struct buf *out)
{
	buf_printf(out, "[%s]", hit->pids);
}

void
daemon_print_ms(const struct daemon_hit *hit, struct buf *out)
{
	buf_printf(out, "%" PRId64, hit->ms);
}
