/* daemon_fault.h - what kill and pause have in common: a set of hosts, whose daemon is
 * hit.
 *
 * Targets (n hosts, m = n/2 + 1): one, leader, minority (n - m), majority (m), all. */
#ifndef CHAOS_DAEMON_FAULT_H
#define CHAOS_DAEMON_FAULT_H

#include "chaos/fault.h"

extern const char *const daemon_targets[];
int daemon_hosts_min(const char *target);
bool daemon_probe(const struct chaos_host *host, struct err *err);

/* What is known of one host's daemon, from inject to heal. */
struct daemon_hit {
	bool hit;
	char pids[128]; /* "12,13", as many as fit */
	int64_t ms;	/* how long it was in force */
	int64_t cpu_ms; /* pause: CPU time used meanwhile */
	bool stayed;	/* pause: still stopped when it was healed */
	int64_t pid;	/* kill: the new process; 0 for none */
	bool healed;
};

/* Sends `verb` to the drawn hosts; the state is an array of struct daemon_hit. */
bool daemon_inject(struct fault_scene *scene, const char *verb,
		   struct chaos_outcome *outcome, struct err *err);

/* Heals them and fills the hits in; evidence is the caller's. */
bool daemon_heal(struct fault_scene *scene, struct chaos_outcome *outcome,
		 struct err *err);

/* Appends {"HOST":VALUE,...} for the hosts that were hit. */
void daemon_print(const struct fault_scene *scene, struct buf *out,
		  void (*value)(const struct daemon_hit *hit, struct buf *out));
void daemon_print_pids(const struct daemon_hit *hit, struct buf *out);
void daemon_print_ms(const struct daemon_hit *hit, struct buf *out);

#endif
