/* etcd as Debian packages it (etcd-server), one member a host, no TLS. */
#include "base/mem.h"
#include "harness/hosts/host.h"
#include "systems/etcd_gateway.h"
#include "systems/etcd_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAEMON "etcd"
enum {
	READY_MS = 1500,
	LEADER_MS = 700,
	STOP_MS = 3000
};

/* ---- options ---- */

static bool
number(const struct cluster *cluster, const char *name, const char *otherwise,
       int64_t low, int64_t high, int64_t *value, struct err *err)
{
	return text_int(cluster_option(cluster, name, otherwise), low, high, value,
			err) ||
	       err_context(err, "option '%s' of system 'etcd'", name);
}

static bool
read_options(const struct cluster *cluster, struct etcd *etcd, struct err *err)
{
	static const char *const known[] = {
		"port",		  "peer-port", "heartbeat-interval", "election-timeout",
		"snapshot-count", "program"};

	if (!cluster_check_options(cluster, known, sizeof(known) / sizeof(known[0]), err))
		return false;
	if (cluster->bugs.of.count > 0)
		return err_set(err, "system 'etcd' has no planted bugs");
	etcd->program = cluster_option(cluster, "program", "etcd");
	/* Snapshots come often enough that a node that was away needs one. */
	if (!number(cluster, "port", "2379", 1, 65535, &etcd->port, err) ||
	    !number(cluster, "peer-port", "2380", 1, 65535, &etcd->peer_port, err) ||
	    !number(cluster, "heartbeat-interval", "100", 1, 60000, &etcd->heartbeat_ms,
		    err) ||
	    !number(cluster, "election-timeout", "1000", 5, 50000, &etcd->election_ms,
		    err) ||
	    !number(cluster, "snapshot-count", "10000", 1, 100000000,
		    &etcd->snapshot_count, err))
		return false;
	if (etcd->election_ms < 5 * etcd->heartbeat_ms)
		return err_set(err,
			       "election-timeout %" PRId64 " of etcd is less than five "
			       "heartbeat-intervals of %" PRId64,
			       etcd->election_ms, etcd->heartbeat_ms);
	return true;
}

static bool
etcd_open(struct cluster *cluster, struct err *err)
{
	struct etcd *etcd = mem_new(1, sizeof(*etcd));

	if (read_options(cluster, etcd, err)) {
		cluster->state = etcd;
		return true;
	}
	free(etcd);
	return false;
}

static void
etcd_close(struct cluster *cluster)
{
	free(cluster->state);
	cluster->state = NULL;
}

/* ---- nodes ---- */

static void
push(struct strings *words, char *word)
{
	vec_push(&words->of, word);
}

static char *
members(const struct cluster *cluster)
{
	const struct etcd *etcd = cluster->state;
	struct buf text = {0};

	for (int i = 0; i < cluster->node_count; i++)
		buf_printf(&text, "%s%s=http://%s:%" PRId64, i ? "," : "",
			   cluster->hosts[i]->name, cluster->hosts[i]->address,
			   etcd->peer_port);
	return text.data;
}

static void
command_line(const struct cluster *cluster, int node, struct strings *words)
{
	const struct etcd *etcd = cluster->state;
	const struct host *host = cluster->hosts[node];
	char *peer = mem_format("http://%s:%" PRId64, host->address, etcd->peer_port);
	char *client = mem_format("http://%s:%" PRId64, host->address, etcd->port);
	char *all = members(cluster);

	strings_push(words, etcd->program);
	push(words, mem_format("--name=%s", host->name));
	push(words, mem_format("--data-dir=%s/" DAEMON "/data", host->folder));
	push(words, mem_format("--listen-peer-urls=%s", peer));
	push(words, mem_format("--initial-advertise-peer-urls=%s", peer));
	push(words, mem_format("--listen-client-urls=%s", client));
	push(words, mem_format("--advertise-client-urls=%s", client));
	push(words, mem_format("--initial-cluster=%s", all));
	push(words, mem_format("--initial-cluster-token=%s", cluster->run_name));
	strings_push(words, "--initial-cluster-state=new");
	push(words, mem_format("--heartbeat-interval=%" PRId64, etcd->heartbeat_ms));
	push(words, mem_format("--election-timeout=%" PRId64, etcd->election_ms));
	push(words, mem_format("--snapshot-count=%" PRId64, etcd->snapshot_count));
	strings_push(words, "--logger=zap");
	strings_push(words, "--log-outputs=stderr");
	free(all);
	free(client);
	free(peer);
}

static bool
etcd_wipe(struct cluster *cluster, int node, struct err *err)
{
	struct host *host = cluster->hosts[node];

	return host_daemon_stop(host, DAEMON, 0, err) &&
	       host_daemon_remove(host, DAEMON, err);
}

static bool
etcd_install(struct cluster *cluster, int node, struct err *err)
{
	const struct etcd *etcd = cluster->state;
	struct host *host = cluster->hosts[node];
	struct strings words = {0};

	if (!host_needs(host, etcd->program, "etcd-server", err) ||
	    !etcd_wipe(cluster, node, err))
		return false;
	command_line(cluster, node, &words);
	push(&words, NULL);
	const struct daemon daemon = {.name = DAEMON,
				      .argv = (const char *const *)words.of.items};
	bool ok = host_daemon_install(host, &daemon, err);
	strings_release(&words);
	return ok;
}

static bool
etcd_start(struct cluster *cluster, int node, struct err *err)
{
	return host_daemon_start(cluster->hosts[node], DAEMON, err);
}

static bool
etcd_stop(struct cluster *cluster, int node, struct err *err)
{
	return host_daemon_stop(cluster->hosts[node], DAEMON, STOP_MS, err);
}

static void
etcd_logs(struct cluster *cluster, int node, struct strings *paths)
{
	push(paths, mem_format("%s/" DAEMON "/log", cluster->hosts[node]->folder));
}

/* ---- questions ---- */

static enum gateway_outcome
ask_once(const struct cluster *cluster, int node, const char *path, const char *body,
	 int timeout_ms, json_t **answer, struct err *err)
{
	const struct etcd *etcd = cluster->state;
	struct gateway *gateway =
		gateway_new(cluster->hosts[node]->address, (int)etcd->port);
	enum gateway_outcome outcome =
		gateway_ask(gateway, path, body, timeout_ms, answer, err);

	gateway_free(gateway);
	return outcome;
}

/* etcd calls itself healthy when it has a leader and a linearizable read went through. */
static bool
etcd_ready(struct cluster *cluster, int node, struct err *err)
{
	json_t *answer;

	if (ask_once(cluster, node, "/health", NULL, READY_MS, &answer, err) !=
	    GATEWAY_DONE)
		return err_context(err, "host %s: ask etcd for its health",
				   cluster->hosts[node]->name);
	const char *health = json_string_value(json_object_get(answer, "health"));
	bool ready = health != NULL && strcmp(health, "true") == 0;
	json_decref(answer);
	return ready || err_set(err, "host %s: etcd calls itself unhealthy",
				cluster->hosts[node]->name);
}

static int64_t
decimal(const json_t *object, const char *field)
{
	const char *text = json_string_value(json_object_get(object, field));

	return text ? strtoll(text, NULL, 10) : -1;
}

/* The term in which the node says that it leads, else -1. */
static int64_t
leading_term(struct cluster *cluster, int node)
{
	json_t *answer;
	struct err ignored;
	int64_t term = -1;

	if (ask_once(cluster, node, "/v3/maintenance/status", "{}", LEADER_MS, &answer,
		     &ignored) != GATEWAY_DONE)
		return -1;
	const char *leader = json_string_value(json_object_get(answer, "leader"));
	const char *member = json_string_value(
		json_object_get(json_object_get(answer, "header"), "member_id"));
	if (leader != NULL && member != NULL && strcmp(leader, member) == 0)
		term = decimal(answer, "raftTerm");
	json_decref(answer);
	return term;
}

static int
etcd_leader(struct cluster *cluster)
{
	return cluster_latest_leader(cluster, leading_term);
}

const struct system system_etcd = {
	.name = "etcd",
	.summary = "etcd of the package etcd-server, through its JSON gateway",
	.supports = SUPPORTS_REGISTER | SUPPORTS_SET,
	.node_count_min = 1,
	.daemon = DAEMON,
	.open = etcd_open,
	.close = etcd_close,
	.install = etcd_install,
	.start = etcd_start,
	.ready = etcd_ready,
	.stop = etcd_stop,
	.wipe = etcd_wipe,
	.leader = etcd_leader,
	.logs = etcd_logs,
	.log_patterns =
		(const char *const[]){"^fatal error: concurrent map|DATA RACE", NULL},
	.client_open = etcd_client_open,
	.client_invoke = etcd_client_invoke,
	.client_close = etcd_client_close,
};
