#include "base/clock.h"
#include "base/mem.h"
#include "harness/hosts/host.h"
#include "systems/system.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
cluster_option(const struct cluster *cluster, const char *name, const char *otherwise)
{
	size_t length = strlen(name);

	/* The last one said counts, as on any command line. */
	for (size_t i = cluster->options.of.count; i-- > 0;) {
		const char *option = cluster->options.of.items[i];
		if (strncmp(option, name, length) == 0 && option[length] == '=')
			return option + length + 1;
	}
	return otherwise;
}

static bool
is_known(const char *option, const char *const *known, size_t count)
{
	size_t length = strcspn(option, "=");

	for (size_t i = 0; i < count; i++)
		if (strlen(known[i]) == length && strncmp(known[i], option, length) == 0)
			return true;
	return false;
}

bool
cluster_check_options(const struct cluster *cluster, const char *const *known,
		      size_t count, struct err *err)
{
	const char *system = cluster->system->name;

	vec_each (char *, option, &cluster->options.of) {
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*option, "="), *option);
		if (strchr(*option, '=') == NULL) {
			err_set(err, "option '%s' of system '%s' has no value", *option,
				system);
			return err_hint(err, "write --set %s=VALUE", name);
		}
		if (is_known(*option, known, count))
			continue;
		const char *nearest = text_nearest(name, known, count);
		err_set(err, "system '%s' has no option '%s'", system, name);
		return nearest ? err_hint(err, "did you mean '%s'?", nearest) : false;
	}
	return true;
}

/* ---- waiting ---- */

enum {
	PAUSE_MS = 50,
	LIFE_MS = 1000
};

struct waiting {
	struct cluster *cluster;
	int64_t deadline;
	atomic_bool hopeless; /* a node ended: nobody needs to wait any longer */
};

/* A daemon that died will never be ready: its last words are better than a time-out. */
static bool
check_life(struct cluster *cluster, int node, struct err *err)
{
	const char *daemon = cluster->system->daemon;
	struct err ignored;
	struct buf words = {0};
	bool runs = true;

	if (daemon == NULL || cluster->hosts == NULL)
		return true;
	struct host *host = cluster->hosts[node];
	if (!host_daemon_is_running(host, daemon, &runs, &ignored) || runs)
		return true;
	host_daemon_log_tail(host, daemon, 1, &words);
	err_set(err, "host %s: wait for '%s': it ended: %.600s", host->name, daemon,
		words.len ? words.data : "its log is empty");
	err_hint(err, "see %s/%s/log on %s", host->folder, daemon, host->name);
	buf_release(&words);
	return false;
}

static bool
await_node(void *context, int node, struct err *err)
{
	struct waiting *waiting = context;
	struct cluster *cluster = waiting->cluster;
	int64_t look = clock_ns() + LIFE_MS * NS_PER_MS;

	while (!cluster->system->ready(cluster, node, err)) {
		struct err dead;
		if (atomic_load(&waiting->hopeless))
			return true;
		if (clock_left_ms(waiting->deadline) == 0)
			return err_context(err, "node %d of '%s' is not ready", node + 1,
					   cluster->system->name);
		if (clock_left_ms(look) == 0) {
			if (!check_life(cluster, node, &dead)) {
				atomic_store(&waiting->hopeless, true);
				*err = dead;
				return false;
			}
			look = clock_ns() + LIFE_MS * NS_PER_MS;
		}
		clock_sleep_ms(PAUSE_MS);
	}
	return true;
}

bool
cluster_await_ready(struct cluster *cluster, int timeout_ms, struct err *err)
{
	struct waiting waiting = {.cluster = cluster,
				  .deadline = clock_ns() + timeout_ms * NS_PER_MS};

	if (cluster->system->ready == NULL)
		return true;
	return hosts_each(cluster->node_count, await_node, &waiting, err);
}

struct search {
	struct cluster *cluster;
	int64_t (*leading_term)(struct cluster *cluster, int node);
	int64_t *terms; /* owned; of each node */
};

static bool
ask_node(void *context, int node, struct err *err)
{
	struct search *search = context;

	(void)err;
	search->terms[node] = search->leading_term(search->cluster, node);
	return true;
}

int
cluster_latest_leader(struct cluster *cluster,
		      int64_t (*leading_term)(struct cluster *cluster, int node))
{
	struct search search = {
		.cluster = cluster,
		.leading_term = leading_term,
		.terms = mem_new((size_t)cluster->node_count, sizeof(int64_t))};
	int leader = -1;
	int64_t term = -1;
	struct err ignored;

	hosts_each(cluster->node_count, ask_node, &search, &ignored);
	for (int i = 0; i < cluster->node_count; i++)
		if (search.terms[i] > term) {
			term = search.terms[i];
			leader = i;
		}
	free(search.terms);
	return leader;
}
