/* sim.h - a whole cluster in one process under virtual time.
 *
 * The same protocol, service and sessions that faultline-node runs, with a network,
 * disks, clocks and clients that obey one seeded schedule of faults. Same options, same
 * bytes: the history, the statistics and `hash`, which covers every message that was
 * delivered. A simulation is one thread and shares nothing: run many side by side. */
#ifndef REFERENCE_SIM_SIM_H
#define REFERENCE_SIM_SIM_H

#include "base/history.h"
#include "reference/protocol/protocol.h"

/* What may go wrong, as bits. */
enum sim_fault {
	SIM_LOSS = 1 << 0,	/* messages vanish */
	SIM_DUPLICATE = 1 << 1, /* messages arrive twice */
	SIM_REORDER = 1 << 2,	/* messages overtake each other by much */
	SIM_PARTITION = 1 << 3, /* nodes cannot reach each other */
	SIM_CRASH = 1 << 4,	/* nodes die, lose what was not synced, and come back */
	SIM_PAUSE = 1 << 5,	/* nodes stand still for a while */
	SIM_CLOCK = 1 << 6,	/* clocks run at different speeds and jump ahead */
	SIM_SLOW_DISK = 1 << 7, /* a sync now and then takes very long */
	SIM_FAULTS_ALL = (1 << 8) - 1,
};

struct sim_options {
	uint64_t seed;
	uint32_t nodes, clients, keys;
	uint32_t operations;  /* of all clients together */
	uint32_t time_ms;     /* bound on virtual time before the final reads */
	uint32_t faults;      /* set of enum sim_fault */
	double fault_rate;    /* 1: a fault every 120 ms on average */
	double reorder_max;   /* bound on the probability of a long delay */
	double crash_at_vote; /* probability of a crash after each change of term or vote
			       */
	uint32_t cas_percent, read_percent; /* of the operations; the rest are writes */
	uint32_t snapshot_entries;	    /* compact after so many applied entries */
	uint64_t bugs;			    /* planted bugs (bug_bit) */
	bool strict; /* check the invariants of the cluster although a bug is planted */
	uint64_t steps_max; /* bound on events; 0: ten million */
};

/* Five nodes, five clients, three keys, all faults; the seed is the caller's. */
void sim_options_init(struct sim_options *options);

/* The bit of a fault's name ("loss", ..., "all"); 0 when there is none. */
uint32_t sim_fault_bit(const char *name);
const char *sim_fault_name(uint32_t bit);

/* Every counter: what happened, so that a test can say that it was no idle run. */
struct sim_stats {
#define SIM_COUNTER(name, words) uint64_t name;
#include "reference/sim/sim_stats.def"
#undef SIM_COUNTER
};

/* The counters' names in words, in the order of the fields. */
extern const char *const sim_stats_words[];
enum {
	SIM_COUNTERS = sizeof(struct sim_stats) / sizeof(uint64_t)
};

struct sim_result {
	struct history history;
	struct sim_stats stats;
	uint64_t hash;	     /* of everything that happened */
	uint64_t time_us;    /* virtual time at the end */
	char violation[256]; /* an invariant of the cluster that broke; "": none */
};

/* Runs one simulation to its end. Without planted bugs every invariant of the protocol is
 * checked after each step (with them they are expected to break). The caller releases. */
void sim_run(const struct sim_options *options, struct sim_result *result);
void sim_result_release(struct sim_result *result);

/* The faults and sizes under which a planted bug shows quickly. */
void sim_options_provoke(struct sim_options *options, enum bug bug);

#endif
