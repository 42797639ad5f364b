/* The reference store of this project: faultline-node, uploaded to every host. */
#include "base/file.h"
#include "base/mem.h"
#include "harness/hosts/host.h"
#include "reference/client/kv_client.h"
#include "systems/system.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAEMON	"reference"
#define PROGRAM "faultline-node"
#define SET_KEY "set"

enum {
	READY_MS = 1000,
	LEADER_MS = 500,
	STOP_MS = 3000
};

struct client {
	struct kv_client *kv; /* owned */
};

/* ---- options ----------------------------------------------------------------------- */

struct reference {
	int64_t port, peer_port;
	char *program; /* owned: path here of what is uploaded */
};

/* Options that the node reads itself, in its configuration file. */
static const char *const node_options[] = {"election-ms",    "heartbeat-ms", "request-ms",
					   "snapshot-every", "log-bytes",    "clients"};
enum {
	NODE_OPTIONS = sizeof(node_options) / sizeof(*node_options)
};

static bool
check_port(const struct cluster *cluster, const char *name, const char *otherwise,
	   int64_t *port, struct err *err)
{
	return text_int(cluster_option(cluster, name, otherwise), 1, 65535, port, err) ||
	       err_context(err, "option '%s' of system 'reference'", name);
}

static bool
check_options(const struct cluster *cluster, struct reference *reference, struct err *err)
{
	const char *known[NODE_OPTIONS + 3] = {"port", "peer-port", "program"};
	int64_t ignored;

	memcpy(known + 3, node_options, sizeof(node_options));
	if (!cluster_check_options(cluster, known, NODE_OPTIONS + 3, err))
		return false;
	for (int i = 0; i < NODE_OPTIONS; i++) {
		const char *value = cluster_option(cluster, node_options[i], NULL);
		if (value != NULL && !text_int(value, 1, INT64_MAX, &ignored, err))
			return err_context(err, "option '%s' of system 'reference'",
					   node_options[i]);
	}
	return check_port(cluster, "port", "6379", &reference->port, err) &&
	       check_port(cluster, "peer-port", "7379", &reference->peer_port, err);
}

/* The folder of the running program, without the slash at its end. */
static char *
own_folder(void)
{
	char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = '\0';
	char *slash = strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	return mem_string(path);
}

/* Where the node's program is: as said, or beside this program as in the build folder, or
 * as installed. NULL: nowhere. */
static char *
find_program(const struct cluster *cluster)
{
	static const char *const places[] = {"/" PROGRAM, "/../lib/faultline/" PROGRAM,
					     "/../libexec/faultline/" PROGRAM};
	const char *said = cluster_option(cluster, "program", getenv("FAULTLINE_NODE"));
	char *folder, *found = NULL;

	if (said != NULL)
		return access(said, X_OK) == 0 ? mem_string(said) : NULL;
	folder = own_folder();
	for (size_t i = 0; found == NULL && i < sizeof(places) / sizeof(*places); i++) {
		found = mem_format("%s%s", folder, places[i]);
		if (access(found, X_OK) != 0) {
			free(found);
			found = NULL;
		}
	}
	free(folder);
	return found;
}

static void
reference_close(struct cluster *cluster)
{
	struct reference *reference = cluster->state;

	if (reference == NULL)
		return;
	free(reference->program);
	free(reference);
	cluster->state = NULL;
}

static bool
reference_open(struct cluster *cluster, struct err *err)
{
	struct reference *reference = mem_new(1, sizeof(*reference));

	cluster->state = reference;
	reference->program = find_program(cluster);
	if (check_options(cluster, reference, err) && reference->program != NULL)
		return true;
	if (reference->program == NULL) {
		err_set(err, "the program '" PROGRAM "' is not beside this one");
		err_hint(err, "build it with make, or name it with --set program=PATH");
	}
	reference_close(cluster);
	return false;
}

/* ---- nodes ------------------------------------------------------------------------- */

static void
configuration(const struct cluster *cluster, int node, struct buf *text)
{
	const struct reference *reference = cluster->state;

	buf_printf(text, "# written by faultline for run %s\nid = %d\n",
		   cluster->run_name, node + 1);
	buf_printf(text,
		   "listen = %s:%" PRId64 "\npeers = ", cluster->hosts[node]->address,
		   reference->port);
	for (int i = 0; i < cluster->node_count; i++)
		buf_printf(text, "%s%d=%s:%" PRId64, i ? "," : "", i + 1,
			   cluster->hosts[i]->address, reference->peer_port);
	buf_printf(text, "\ndata = %s/" DAEMON "/data\n", cluster->hosts[node]->folder);
	for (int i = 0; i < NODE_OPTIONS; i++) {
		const char *value = cluster_option(cluster, node_options[i], NULL);
		if (value != NULL)
			buf_printf(text, "%s = %s\n", node_options[i], value);
	}
	vec_each (char *, bug, &cluster->bugs.of)
		buf_printf(text, "bug = %s\n", *bug);
}

static bool
upload(struct cluster *cluster, int node, struct err *err)
{
	const struct reference *reference = cluster->state;
	struct host *host = cluster->hosts[node];
	struct buf text = {0};
	char *program = mem_format("%s/" DAEMON "/" PROGRAM, host->folder);
	char *config = mem_format("%s/" DAEMON "/config", host->folder);

	configuration(cluster, node, &text);
	bool ok = host_upload(host, reference->program, program, 0755, err) &&
		  host_upload_text(host, buf_text(&text), config, 0644, err);
	buf_release(&text);
	free(program);
	free(config);
	return ok;
}

static bool
reference_wipe(struct cluster *cluster, int node, struct err *err)
{
	struct host *host = cluster->hosts[node];

	return host_daemon_stop(host, DAEMON, 0, err) &&
	       host_daemon_remove(host, DAEMON, err);
}

static bool
reference_install(struct cluster *cluster, int node, struct err *err)
{
	struct host *host = cluster->hosts[node];

	if (!reference_wipe(cluster, node, err))
		return false;
	char *program = mem_format("%s/" DAEMON "/" PROGRAM, host->folder);
	char *config = mem_format("%s/" DAEMON "/config", host->folder);
	const char *argv[] = {program, "--config", config, NULL};
	const struct daemon daemon = {.name = DAEMON, .argv = argv};
	bool ok = host_daemon_install(host, &daemon, err) && upload(cluster, node, err);
	free(program);
	free(config);
	return ok;
}

static bool
reference_start(struct cluster *cluster, int node, struct err *err)
{
	return host_daemon_start(cluster->hosts[node], DAEMON, err);
}

static bool
reference_stop(struct cluster *cluster, int node, struct err *err)
{
	return host_daemon_stop(cluster->hosts[node], DAEMON, STOP_MS, err);
}

static void
reference_logs(struct cluster *cluster, int node, struct strings *paths)
{
	char *path = mem_format("%s/" DAEMON "/log", cluster->hosts[node]->folder);

	strings_push(paths, path);
	free(path);
}

/* ---- questions --------------------------------------------------------------------- */

static bool
ask_info(const struct cluster *cluster, int node, int timeout_ms, struct buf *info,
	 struct err *err)
{
	const struct reference *reference = cluster->state;
	struct kv_client *client =
		kv_client_new(cluster->hosts[node]->address, (int)reference->port);
	bool ok = kv_info(client, timeout_ms, info, err) == KV_OK;

	kv_client_close(client);
	return ok;
}

static bool
reference_ready(struct cluster *cluster, int node, struct err *err)
{
	struct buf info = {0};
	bool ready = ask_info(cluster, node, READY_MS, &info, err);

	if (ready && kv_info_number(buf_text(&info), "leader") <= 0)
		ready = err_set(err, "it knows no leader yet");
	buf_release(&info);
	return ready || err_context(err, "host %s", cluster->hosts[node]->name);
}

/* The term in which the node says that it leads, else -1. */
static int64_t
leading_term(struct cluster *cluster, int node)
{
	struct buf info = {0};
	struct err ignored;
	int64_t term = -1;

	if (ask_info(cluster, node, LEADER_MS, &info, &ignored) &&
	    kv_info_is(buf_text(&info), "role", "leader"))
		term = kv_info_number(buf_text(&info), "term");
	buf_release(&info);
	return term;
}

static int
reference_leader(struct cluster *cluster)
{
	return cluster_latest_leader(cluster, leading_term);
}

/* ---- the client -------------------------------------------------------------------- */

static struct client *
reference_client_open(struct cluster *cluster, int node, int timeout_ms, struct err *err)
{
	const struct reference *reference = cluster->state;
	struct kv_client *kv = kv_client_open(cluster->hosts[node]->address,
					      (int)reference->port, timeout_ms, err);

	if (kv == NULL)
		return NULL;
	struct client *client = mem_new(1, sizeof(*client));
	client->kv = kv;
	return client;
}

static void
reference_client_close(struct client *client)
{
	kv_client_close(client->kv);
	free(client);
}

static void
conclude(struct call *call, enum kv_outcome outcome, const struct err *err)
{
	call->type = outcome == KV_OK ? OP_OK : outcome == KV_FAIL ? OP_FAIL : OP_INFO;
	snprintf(call->error, sizeof(call->error), "%.159s",
		 outcome == KV_OK ? "" : err->text);
}

/* A value as a word of a command. */
static const char *
word(const struct values *values, val v, struct buf *text)
{
	if (val_kind(v) == VAL_STRING) {
		struct bytes string = val_text(values, v);
		buf_append(text, string.data, string.len);
	} else {
		val_print(values, v, text);
	}
	return buf_text(text);
}

/* A number, or else the text as it is. */
static val
value_of(struct values *values, const char *text)
{
	struct err ignored;
	int64_t number;

	return text_int(text, INT64_MIN, INT64_MAX, &number, &ignored)
		       ? val_int(values, number)
		       : val_string(values, text);
}

static void
read_register(struct client *client, struct call *call, const char *key)
{
	struct err err;
	struct buf value = {0};
	bool found = false;
	enum kv_outcome outcome =
		kv_get(client->kv, key, call->timeout_ms, &value, &found, &err);

	conclude(call, outcome, &err);
	if (outcome == KV_OK)
		call->output =
			found ? value_of(call->values, buf_text(&value)) : VAL_OF_NIL;
	buf_release(&value);
}

static void
read_set(struct client *client, struct call *call)
{
	const redisReply *members;
	struct err err;
	VEC(val) items = {0};
	enum kv_outcome outcome =
		kv_set_members(client->kv, SET_KEY, call->timeout_ms, &members, &err);

	conclude(call, outcome, &err);
	for (size_t i = 0; outcome == KV_OK && i < members->elements; i++)
		vec_push(&items, value_of(call->values, members->element[i]->str));
	if (outcome == KV_OK)
		call->output = val_list(call->values, items.items, items.count);
	vec_release(&items);
}

static void
write_register(struct client *client, struct call *call, const char *key)
{
	struct err err;
	struct buf value = {0};

	conclude(call,
		 kv_set(client->kv, key, word(call->values, call->input, &value),
			call->timeout_ms, &err),
		 &err);
	buf_release(&value);
}

/* A nil expectation is met by a missing key only, which CAS never matches. */
static void
cas_register(struct client *client, struct call *call, const char *key)
{
	struct err err;
	struct buf old_text = {0}, new_text = {0};
	val expected = val_at(call->values, call->input, 0);
	const char *new =
		word(call->values, val_at(call->values, call->input, 1), &new_text);

	if (val_kind(expected) == VAL_NIL)
		conclude(call, kv_set_new(client->kv, key, new, call->timeout_ms, &err),
			 &err);
	else
		conclude(call,
			 kv_cas(client->kv, key, word(call->values, expected, &old_text),
				new, call->timeout_ms, &err),
			 &err);
	buf_release(&old_text);
	buf_release(&new_text);
}

static void
add_to_set(struct client *client, struct call *call)
{
	struct err err;
	struct buf member = {0};

	conclude(call,
		 kv_set_add(client->kv, SET_KEY, word(call->values, call->input, &member),
			    call->timeout_ms, &err),
		 &err);
	buf_release(&member);
}

static void
reference_client_invoke(struct client *client, struct call *call)
{
	struct buf key = {0};

	buf_string(&key, "r/");
	word(call->values, call->key, &key);
	if (call->f == F_READ && call->key == VAL_OF_NIL)
		read_set(client, call);
	else if (call->f == F_READ)
		read_register(client, call, buf_text(&key));
	else if (call->f == F_WRITE)
		write_register(client, call, buf_text(&key));
	else if (call->f == F_CAS)
		cas_register(client, call, buf_text(&key));
	else if (call->f == F_ADD)
		add_to_set(client, call);
	else
		conclude(call, KV_FAIL,
			 &(struct err){
				 .text = "the reference store has no such function"});
	buf_release(&key);
}

const struct system system_reference = {
	.name = "reference",
	.summary = "the replicated key-value store of this project (faultline-node)",
	.supports = SUPPORTS_REGISTER | SUPPORTS_SET,
	.node_count_min = 1,
	.daemon = DAEMON,
	.open = reference_open,
	.close = reference_close,
	.install = reference_install,
	.start = reference_start,
	.ready = reference_ready,
	.stop = reference_stop,
	.wipe = reference_wipe,
	.leader = reference_leader,
	.logs = reference_logs,
	.log_patterns =
		(const char *const[]){"bug: .* does not hold|Sanitizer|runtime error: ",
				      NULL},
	.client_open = reference_client_open,
	.client_invoke = reference_client_invoke,
	.client_close = reference_client_close,
};
