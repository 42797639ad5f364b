/* generator.h - what clients ask next, as values that combine.
 *
 * PURE: time and randomness are handed in. A generator is asked for the next operation of
 * a given thread; it answers with an operation to send now, "not now", or "no more". It
 * hears of every completion. One lock guards the whole tree (harness/run/turns.h), so a
 * generator needs none.
 *
 *	gen_time_limit(30 * NS_PER_S,			   for half a minute,
 *		gen_stagger(NS_PER_MS,			   about 1000 a second,
 *			gen_per_key(4, one_key, ...)));    on four keys at a time
 *
 * A generator owns its children: generator_free frees the tree. */
#ifndef WORKLOADS_GENERATOR_H
#define WORKLOADS_GENERATOR_H

#include "base/rng.h"
#include "systems/system.h"

enum gen_answer {
	GEN_DONE = 0, /* never again, for no thread */
	GEN_PENDING, /* nothing for this thread now; ask again at `again_ns`; 0: soon, and
			 when all threads are free */
	GEN_OP,	     /* f, key and input of `call` are filled; it is sent now */
};

enum {
	GEN_NEMESIS = -1
}; /* the thread number of the nemesis */

/* The moment and the thread that asks. */
struct gen_context {
	int64_t now_ns;	  /* since the start of the phase; never goes back */
	int thread;	  /* 0..thread_count-1, or GEN_NEMESIS */
	int thread_count; /* client threads */
	int busy_count;	  /* threads with an operation open, nemesis included */
	struct rng *rng;
};

struct generator {
	enum gen_answer (*next)(struct generator *g, const struct gen_context *context,
				struct call *call, int64_t *again_ns);
	/* An operation of the thread completed; `call` is as the client left it. */
	void (*update)(struct generator *g, const struct gen_context *context,
		       const struct call *call);
	void (*free)(struct generator *g);
};

/* Asks for the next operation. `call->values` holds what it is made of. */
enum gen_answer generator_next(struct generator *g, const struct gen_context *context,
			       struct call *call, int64_t *again_ns);
void generator_update(struct generator *g, const struct gen_context *context,
		      const struct call *call);
/* NULL is fine. */
void generator_free(struct generator *g);

/* ---- one child or none (generator.c) ---- */

/* Calls `make` for every operation until it returns false. `hear` (may be NULL) is told of
 * completions. `state` is freed by free_state (may be NULL). */
struct generator *gen_each(bool (*make)(void *state, const struct gen_context *context,
					struct call *call),
			   void (*hear)(void *state, const struct gen_context *context,
					const struct call *call),
			   void *state, void (*free_state)(void *state));

/* At most `count` operations. */
struct generator *gen_limit(uint64_t count, struct generator *child);
/* Operations until `ns` after the first one was asked for. */
struct generator *gen_time_limit(int64_t ns, struct generator *child);
/* Operations at a global rate: gaps drawn uniformly from [0, 2 * mean). Who falls behind
 * (clients too slow) does not catch up by more than GEN_BEHIND_NS. */
struct generator *gen_stagger(int64_t mean_ns, struct generator *child);
/* Operations exactly `ns` apart, globally; as gen_stagger when behind. */
struct generator *gen_delay(int64_t ns, struct generator *child);
#define GEN_BEHIND_NS ((int64_t)100 * 1000 * 1000)
/* Only the client threads, or only the nemesis, are served. */
struct generator *gen_on_clients(struct generator *child);
struct generator *gen_on_nemesis(struct generator *child);

/* ---- several children (generator_many.c) ---- */

/* Any of the children at random, by weight; ends when all have ended. */
struct generator *gen_mix(struct generator **children, const int *weights, size_t count);
/* The first child that has an operation now, else the soonest; ends when all have ended. */
struct generator *gen_any(struct generator **children, size_t count);
/* One after the other; the next starts when the one before has ended and all threads, the
 * nemesis included, are free. */
struct generator *gen_phases(struct generator **children, size_t count);

/* ---- a child for each ... (generator_family.c) ---- */

/* For every client thread one of its own; the nemesis gets none. Ends when those of all
 * threads have ended. */
struct generator *gen_each_thread(struct generator *(*make)(void *state, int thread),
				  void *state, void (*free_state)(void *state));
/* `keys` keys are live at once, and an operation goes to any of them at random, so that
 * each key is asked through every node. `make` builds the generator of key number n = 1,
 * 2, ...; when it ends the key retires and the next number takes its place. Sets
 * call->key. Never ends by itself: bound it by limit or time. */
struct generator *gen_per_key(int keys,
			      struct generator *(*make)(void *state, uint64_t key),
			      void *state, void (*free_state)(void *state));

#endif
