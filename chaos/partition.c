/* partition.c - hosts that drop each other's packets, by the matrices of chaos/grudge.h.
 *
 * Each host drops what comes from certain peers (chaos/agent/cut.h), over IPv4 and, where
 * both have an address, IPv6. Verified by probes: each cut-off peer sends packets, and
 * the receiver's counters must rise. Evidence: the packets dropped on every edge. */
#include "chaos/fault.h"

#include "base/clock.h"
#include "base/value.h"
#include "chaos/agent/protocol.h"
#include "chaos/ask.h"
#include "chaos/grudge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above this the evidence has sums by host, not every edge. */
enum {
	EDGES_HOSTS_MAX = 9,
	VERIFY_MS = 2000,
	VERIFY_STEP_MS = 10,
	PROBE_AGAIN_STEPS = 20
};

/* The state from inject to heal, in one block. */
struct partition {
	int count;
	int64_t probes; /* packets sent to verify */
	int64_t ms;	/* the longest that a host dropped */
	struct edge {
		bool cut;
		int64_t packets, packets6; /* dropped; -1: not known */
	} edges[];			   /* count * count: [to * count + from] */
};

static struct edge *
edge_at(struct partition *partition, int from, int to)
{
	return &partition->edges[to * partition->count + from];
}

/* IPv6 is cut where both speak it; else it could not be a way around. */
static bool
has_ipv6(const struct fault_scene *scene, int a, int b)
{
	return scene->hosts[a].address6 != NULL && scene->hosts[b].address6 != NULL;
}

static bool
partition_probe(const struct chaos_host *host, struct err *err)
{
	struct buf reply = {0};
	bool ok = ask(host, &reply, ASK_SHORT_MS, err, "check network");

	buf_release(&reply);
	return ok;
}

static const char *
host_name(void *context, int i)
{
	const struct fault_scene *scene = context;

	return scene->hosts[i].name;
}

static void
describe(struct fault_scene *scene, const struct grudge *grudge,
	 struct chaos_outcome *outcome)
{
	struct buf words = {0};

	grudge_describe(grudge, host_name, scene, &words);
	if (strncmp(scene->target, "leader", 6) == 0 && scene->leader >= 0)
		buf_printf(&words, " (leader %s)", scene->hosts[scene->leader].name);
	else if (strncmp(scene->target, "leader", 6) == 0)
		buf_string(&words, " (no leader known)");
	snprintf(outcome->target, sizeof(outcome->target), "%s", buf_text(&words));
	buf_release(&words);
}

static struct partition *
new_partition(const struct grudge *grudge)
{
	size_t cells = (size_t)grudge->count * (size_t)grudge->count;
	struct partition *partition =
		mem_new(1, sizeof(*partition) + cells * sizeof(struct edge));

	partition->count = grudge->count;
	for (int from = 0; from < grudge->count; from++)
		for (int to = 0; to < grudge->count; to++)
			edge_at(partition, from, to)->cut =
				grudge_drops(grudge, from, to);
	return partition;
}

/* Appends the addresses of the peers: those that `i` does not hear, or those that do not
 * hear `i`. Returns false when there are none. */
static bool
append_peers(const struct fault_scene *scene, int i, bool unheard, struct buf *line)
{
	struct partition *partition = scene->state;
	size_t before = line->len;

	for (int peer = 0; peer < scene->host_count; peer++) {
		if (!(unheard ? edge_at(partition, peer, i) : edge_at(partition, i, peer))
			     ->cut)
			continue;
		buf_printf(line, " %s", scene->hosts[peer].address);
		if (has_ipv6(scene, i, peer))
			buf_printf(line, " %s", scene->hosts[peer].address6);
	}
	return line->len > before;
}

static bool
cut_one(void *context, int to, struct err *err)
{
	struct fault_scene *scene = context;
	struct buf line = {0}, reply = {0};

	buf_printf(&line, "cut %" PRIu64, scene->lease);
	bool ok =
		!append_peers(scene, to, true, &line) ||
		ask(&scene->hosts[to], &reply, ASK_SHORT_MS, err, "%s", buf_text(&line));
	buf_release(&line);
	buf_release(&reply);
	return ok;
}

/* Adds up every number of a reply whose values are all numbers. */
static int64_t
sum_values(const char *reply)
{
	int64_t sum = 0;

	for (const char *at = strchr(reply, '='); at != NULL; at = strchr(at + 1, '='))
		sum += strtoll(at + 1, NULL, 10);
	return sum;
}

static bool
send_probes(void *context, int from, struct err *err)
{
	struct fault_scene *scene = context;
	struct partition *partition = scene->state;
	struct buf line = {0}, reply = {0};

	buf_string(&line, "probe");
	bool ok = !append_peers(scene, from, false, &line) ||
		  ask(&scene->hosts[from], &reply, ASK_SHORT_MS, err, "%s",
		      buf_text(&line));
	if (ok)
		__atomic_fetch_add(&partition->probes, sum_values(buf_text(&reply)),
				   __ATOMIC_RELAXED);
	buf_release(&line);
	buf_release(&reply);
	return ok;
}

/* Takes the counters of host `to` from a reply. */
static void
read_counts(const struct fault_scene *scene, int to, const char *reply)
{
	struct partition *partition = scene->state;

	for (int from = 0; from < scene->host_count; from++) {
		struct edge *edge = edge_at(partition, from, to);
		if (!edge->cut)
			continue;
		edge->packets = reply_number(reply, scene->hosts[from].address, -1);
		if (has_ipv6(scene, from, to))
			edge->packets6 =
				reply_number(reply, scene->hosts[from].address6, -1);
	}
}

static bool
is_deaf(const struct fault_scene *scene, int to)
{
	for (int from = 0; from < scene->host_count; from++)
		if (edge_at(scene->state, from, to)->cut)
			return true;
	return false;
}

static bool
count_one(void *context, int to, struct err *err)
{
	struct fault_scene *scene = context;
	struct buf reply = {0};

	bool ok = !is_deaf(scene, to) || ask(&scene->hosts[to], &reply, ASK_SHORT_MS, err,
					     "counts %" PRIu64, scene->lease);
	if (ok)
		read_counts(scene, to, buf_text(&reply));
	buf_release(&reply);
	return ok;
}

/* Every edge must have dropped something, over both protocols; names one that has not. */
static bool
all_dropped(const struct fault_scene *scene, struct err *err)
{
	for (int from = 0; from < scene->host_count; from++)
		for (int to = 0; to < scene->host_count; to++) {
			const struct edge *edge = edge_at(scene->state, from, to);
			bool silent6 = has_ipv6(scene, from, to) && edge->packets6 <= 0;
			if (edge->cut && (edge->packets <= 0 || silent6))
				return err_set(
					err,
					"no %s packet of %s was seen to be dropped by %s",
					edge->packets <= 0 ? "IPv4" : "IPv6",
					scene->hosts[from].name, scene->hosts[to].name);
		}
	return true;
}

/* Probes travel; the counters are looked at until they have arrived. A probe may get lost on
 * the way, where a busy host has no room for it or does not find a neighbour in time: then
 * others are sent. */
static bool
verify(struct fault_scene *scene, struct err *err)
{
	int64_t deadline = clock_ns() + VERIFY_MS * NS_PER_MS;

	for (int step = 0;; step++) {
		if (step % PROBE_AGAIN_STEPS == 0 &&
		    !ask_each(scene->host_count, send_probes, scene, err))
			return false;
		if (!ask_each(scene->host_count, count_one, scene, err))
			return false;
		if (all_dropped(scene, err))
			return true;
		if (clock_left_ms(deadline) == 0)
			return false;
		clock_sleep_ms(VERIFY_STEP_MS);
	}
}

/* ---- evidence -------------------------------------------------------------------- */

static int64_t
dropped(const struct edge *edge)
{
	int64_t packets = edge->packets > 0 ? edge->packets : 0;

	return packets + (edge->packets6 > 0 ? edge->packets6 : 0);
}

static void
print_key(const char *separator, const char *name, struct buf *out)
{
	buf_string(out, separator);
	json_print_string(name, strlen(name), out);
	buf_char(out, ':');
}

/* The packets that `to` dropped, by sender; in a large cluster only their sum. */
static int64_t
print_host(const struct fault_scene *scene, int to, struct buf *out)
{
	bool detailed = scene->host_count <= EDGES_HOSTS_MAX;
	const char *separator = "{";
	int64_t sum = 0;

	for (int from = 0; from < scene->host_count; from++) {
		const struct edge *edge = edge_at(scene->state, from, to);
		if (!edge->cut)
			continue;
		sum += dropped(edge);
		if (!detailed)
			continue;
		print_key(separator, scene->hosts[from].name, out);
		buf_printf(out, "%" PRId64, dropped(edge));
		separator = ",";
	}
	if (detailed)
		buf_char(out, '}');
	else
		buf_printf(out, "%" PRId64, sum);
	return sum;
}

static void
print_evidence(const struct fault_scene *scene, struct buf *out)
{
	const struct partition *partition = scene->state;
	const char *separator = "{\"dropped\":{";
	int64_t sum = 0;

	buf_clear(out);
	for (int to = 0; to < scene->host_count; to++) {
		if (!is_deaf(scene, to))
			continue;
		print_key(separator, scene->hosts[to].name, out);
		sum += print_host(scene, to, out);
		separator = ",";
	}
	buf_printf(out,
		   "},\"packets\":%" PRId64 ",\"probes\":%" PRId64 ",\"ms\":%" PRId64 "}",
		   sum, partition->probes, partition->ms);
}

/* ---- inject and heal ------------------------------------------------------------- */

static bool
partition_inject(struct fault_scene *scene, struct chaos_outcome *outcome,
		 struct err *err)
{
	struct err doubt;
	struct grudge *grudge =
		grudge_draw(scene->target, scene->host_count, scene->leader, scene->draw);

	if (grudge == NULL)
		return err_set(err, "partition '%s' means nothing with %d hosts",
			       scene->target, scene->host_count);
	scene->state = new_partition(grudge);
	describe(scene, grudge, outcome);
	free(grudge);
	outcome->injected = ask_each(scene->host_count, cut_one, scene, err);
	if (!outcome->injected)
		return false;
	outcome->verified = verify(scene, &doubt);
	if (!outcome->verified)
		snprintf(outcome->error, sizeof(outcome->error), "%.255s", doubt.text);
	print_evidence(scene, &outcome->evidence);
	return true;
}

static bool
heal_one(void *context, int to, struct err *err)
{
	struct fault_scene *scene = context;
	struct partition *partition = scene->state;
	struct buf reply = {0};

	bool ok = !is_deaf(scene, to) || ask(&scene->hosts[to], &reply, ASK_SHORT_MS, err,
					     "heal %" PRIu64, scene->lease);
	if (ok && is_deaf(scene, to)) {
		int64_t ms = reply_number(buf_text(&reply), "ms", 0);
		read_counts(scene, to, buf_text(&reply));
		if (ms > __atomic_load_n(&partition->ms, __ATOMIC_RELAXED))
			__atomic_store_n(&partition->ms, ms, __ATOMIC_RELAXED);
	}
	buf_release(&reply);
	return ok;
}

static bool
partition_heal(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	struct err silent;

	outcome->healed = ask_each(scene->host_count, heal_one, scene, err);
	outcome->has_evidence = outcome->verified && all_dropped(scene, &silent);
	print_evidence(scene, &outcome->evidence);
	return outcome->healed;
}

const struct fault fault_partition = {
	.name = "partition",
	.summary = "hosts that drop each other's packets, IPv4 and IPv6",
	.targets = grudge_shapes,
	.hosts_min = grudge_hosts_min,
	.probe = partition_probe,
	.inject = partition_inject,
	.heal = partition_heal,
};
