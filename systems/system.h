/* system.h - a system that can be put under test, and its client.
 *
 * One file a system, one line in systems.def. The harness treats all alike: it installs
 * on every host in parallel, starts, waits until ready, opens clients, and asks who
 * leads. */
#ifndef SYSTEMS_SYSTEM_H
#define SYSTEMS_SYSTEM_H

#include "base/err.h"
#include "base/op.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct host;   /* harness/hosts/host.h */
struct client; /* each system's own */

enum supports {
	/* read, write, cas of integers by key. A read of what was never written is nil; a
	 * cas whose expected value is nil succeeds only then. */
	SUPPORTS_REGISTER = 1 << 0,
	/* add an integer to one set, read the set as a list; the key is nil, which tells
	 * this read from that of a register */
	SUPPORTS_SET = 1 << 1,
};

/* The system as deployed for one run. */
struct cluster {
	const struct system *system;
	struct host **hosts; /* borrowed; node i runs on hosts[i]; NULL for in-process */
	int node_count;
	const char *run_name; /* unique: folder names and tokens are made of it */
	uint64_t seed;
	struct strings options; /* "name=value" of --set */
	struct strings bugs;	/* planted bugs by name (reference only) */
	void *state;		/* the system's own, made by open */
};

/* One operation in flight, owned by its worker. The client sets type, output, error. */
struct call {
	struct values
		*values; /* holds key, input, output; cleared before each operation */
	uint16_t f;
	val key, input, output;
	uint32_t process;
	int timeout_ms;
	enum op_type type;
	char error[160]; /* "" when ok */
};

struct system {
	const char *name, *summary;
	unsigned supports; /* enum supports */
	bool in_process;   /* needs no hosts */
	int node_count_min;
	const char *daemon; /* name of the daemon on each host (harness/hosts/host.h) */

	/* Checks options and makes `state`; false: a usage error. NULL: nothing to do. */
	bool (*open)(struct cluster *cluster, struct err *err);
	void (*close)(struct cluster *cluster);

	/* Each is called for every node, on several threads at once. `install` puts
	 * programs and configuration there and wipes old data; `start` starts the daemon,
	 * also after a kill; `ready` asks whether this node serves. NULL for in-process
	 * systems. */
	bool (*install)(struct cluster *cluster, int node, struct err *err);
	bool (*start)(struct cluster *cluster, int node, struct err *err);
	bool (*ready)(struct cluster *cluster, int node, struct err *err);
	bool (*stop)(struct cluster *cluster, int node, struct err *err);
	/* Removes data and configuration from the host. */
	bool (*wipe)(struct cluster *cluster, int node, struct err *err);
	/* The index of the node that leads, -1 when nobody knows. */
	int (*leader)(struct cluster *cluster);
	/* Paths of log files on the host, one a line. */
	void (*logs)(struct cluster *cluster, int node, struct strings *paths);
	/* Expressions for lines of these that only a bug writes, whatever faults there
	 * are; NULL at the end, or NULL: none. */
	const char *const *log_patterns;

	/* A connection of one process to one node; no other thread uses it. Opening may
	 * fail: then the operation that needed it fails for certain. */
	struct client *(*client_open)(struct cluster *cluster, int node, int timeout_ms,
				      struct err *err);
	/* Runs the call to its end or its timeout. Afterwards `type` is ok, fail or info.
	 * A client after info is closed and opened anew. */
	void (*client_invoke)(struct client *client, struct call *call);
	void (*client_close)(struct client *client);
};

/* All systems, in the order of systems.def. */
const struct system *const *systems_all(size_t *count);
const struct system *system_find(const char *name, struct err *err);

/* The value of option NAME of --set, or `otherwise`. */
const char *cluster_option(const struct cluster *cluster, const char *name,
			   const char *otherwise);

/* Refuses --set words without '=' and names that are not known, with the nearest one. */
bool cluster_check_options(const struct cluster *cluster, const char *const *known,
			   size_t count, struct err *err);

/* Asks every node at once for the term in which it says that it leads (negative: it does
 * not), and gives the node of the latest term: a leader that was cut off may still
 * believe that it leads. -1 when none does. */
int cluster_latest_leader(struct cluster *cluster,
			  int64_t (*leading_term)(struct cluster *cluster, int node));

/* Waits for ready on every node until the deadline; names the node that is not,
 * and gives up early with the last words of a daemon that ended. */
bool cluster_await_ready(struct cluster *cluster, int timeout_ms, struct err *err);

#endif
