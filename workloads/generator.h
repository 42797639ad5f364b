/* generator.h - what clients ask next, as values that combine.
 *
 * PURE: time and randomness are handed in. A generator is asked for the next operation of
 * a given thread; it answers with an operation (maybe to be sent later), "not now", or
 * "no more". It hears of every completion. One lock guards the whole tree (the harness's),
 * so a generator needs none.
 *
 * A generator owns its children: generator_free frees the tree. */
#ifndef WORKLOADS_GENERATOR_H
#define WORKLOADS_GENERATOR_H

#include "base/rng.h"
#include "systems/system.h"

enum gen_answer {
	GEN_DONE = 0, /* never again for any thread this generator may serve */
	GEN_PENDING,  /* nothing now; ask again at `at_ns`, or after the next event if 0 */
	GEN_OP,	      /* `call` is filled; send it at `at_ns` (0: now) */
};

enum { GEN_NEMESIS = -1 }; /* the thread number of the nemesis */

struct gen_context {
	int64_t now_ns;	 /* since the start of the run */
	int thread;	 /* 0..thread_count-1, or GEN_NEMESIS */
	int thread_count;/* client threads */
	uint32_t process;/* of this thread now */
	int busy_count;	 /* threads with an operation open, nemesis included */
	struct rng *rng;
};

struct generator {
	enum gen_answer (*next)(struct generator *g, const struct gen_context *context,
				struct call *call, int64_t *at_ns);
	/* An operation of the thread completed; `call` is as the client left it. */
	void (*update)(struct generator *g, const struct gen_context *context,
		       const struct call *call);
	void (*free)(struct generator *g);
};

enum gen_answer generator_next(struct generator *g, const struct gen_context *context,
			       struct call *call, int64_t *at_ns);
void generator_update(struct generator *g, const struct gen_context *context,
		      const struct call *call);
void generator_free(struct generator *g);

/* Calls `make` for every operation; never ends. `make` returns false to end. `state` is
 * given to it and freed by free_state (may be NULL) at the end. */
struct generator *gen_each(bool (*make)(void *state, const struct gen_context *context,
					struct call *call),
			   void (*hear)(void *state, const struct gen_context *context,
					const struct call *call),
			   void *state, void (*free_state)(void *state));

/* Any of the children at random, by weight; ends when all have ended. */
struct generator *gen_mix(struct generator **children, const int *weights, size_t count);
/* The child whose operation comes soonest; ends when all have ended. */
struct generator *gen_any(struct generator **children, size_t count);
/* At most `count` operations. */
struct generator *gen_limit(uint64_t count, struct generator *child);
/* Operations until `ns` after the first one was asked for. */
struct generator *gen_time_limit(int64_t ns, struct generator *child);
/* Operations at a global rate: gaps drawn uniformly from [0, 2 * mean). */
struct generator *gen_stagger(int64_t mean_ns, struct generator *child);
/* Operations exactly `ns` apart, globally. */
struct generator *gen_delay(int64_t ns, struct generator *child);
/* One after the other; the next starts when the one before has ended and all threads,
 * the nemesis included, are free. */
struct generator *gen_phases(struct generator **children, size_t count);
/* Only the client threads, or only the nemesis, are served. */
struct generator *gen_on_clients(struct generator *child);
struct generator *gen_on_nemesis(struct generator *child);
/* A copy for every client thread. */
struct generator *gen_each_thread(struct generator *(*make)(void *state, int thread),
				  void *state, void (*free_state)(void *state));
/* Per key: `keys` keys are live at once, each served by its share of the threads; `make`
 * builds the generator of key number n; when it ends the key retires and the next one
 * starts. Sets call->key. Ends never (bound it by limit or time). */
struct generator *gen_per_key(int keys, struct generator *(*make)(void *state, uint64_t key),
			      void *state, void (*free_state)(void *state));

#endif
