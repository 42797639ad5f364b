/* weak_models.h - what consistency below linearizability promises, and who decides it.
 *
 * All models are decided on struct weak (weak.h): reads and writes of many keys, unique
 * written values, sessions. so: session order. rf: a write and the reads that returned its
 * value. co = (so u rf)+: causal order. A sequence is legal when every read returns what
 * the last write of its key before it wrote, or the initial value when there is none.
 *
 * sequential          Lamport 1979. One legal sequence of all operations respects so.
 * causal-cc           Causal consistency, CC: Bouajjani, Enea, Guerraoui, Hamza, "On
 *                     verifying causal consistency", POPL 2017, definition 5. co is a
 *                     partial order, and for every read r the operations co-before r and
 *                     r itself have a sequence that respects co and is legal for r.
 * causal-ccv          Causal convergence: the same, definition 7, with all these sequences
 *                     taken from one total order of all operations that contains co.
 *                     (Biswas and Enea, and AWDIT, call this "causal consistency".)
 * causal-cm, causal   Causal memory: Ahamad et al. 1995; the same, definition 9. For every
 *                     session p, the writes co-before p's last operation and all of p's
 *                     operations have a legal sequence that respects co.
 * pram                Lipton and Sandberg 1988. For every session p, all writes and the
 *                     reads of p have a legal sequence that respects so.
 *
 * The session guarantees are those of Terry et al., "Session guarantees for weakly
 * consistent replicated data", PDIS 1994. Servers are not seen in a history, so they are
 * asked of what each session p saw, as Brzezinski, Sobaniec and Wawrzyniak do (2003): for
 * every key there must be an order <= of its versions, the initial one first, p's own for
 * each guarantee, in which every session's writes stand in so (in `writes-follow-reads`
 * and `session` also every write of a session stands after the versions of its key that
 * the session had read), such that
 * read-your-writes    p wrote w, then read v of that key: w <= v.
 * monotonic-reads     p read u, then read v of that key: u <= v.
 * monotonic-writes    q wrote w1, then w2; p read w2, then read v of w1's key: w1 <= v.
 * writes-follow-reads q read u, then wrote w; p read w, then read v of u's key: u <= v.
 * session             One such order for all four together.
 * The last two are what Jepsen calls "all processes observe w1 before w2". A guarantee
 * alone says little of keys that are read once: what breaks only the conjunction cannot
 * be blamed on one of them.
 *
 * What implies what (each step strict; tests/checkers/test_weak.c holds the histories):
 *	sequential => causal-ccv => causal-cc, session
 *	sequential => causal-cm => causal-cc, session, pram
 *	pram => read-your-writes, monotonic-reads, monotonic-writes
 *	causal-cc => read-your-writes
 *	session => each of the four
 * causal-ccv and causal-cm do not imply each other, nor do causal-cc and pram. A
 * linearizable history is sequential. */
#ifndef CHECKERS_WEAK_MODELS_H
#define CHECKERS_WEAK_MODELS_H

#include "checkers/weak/weak.h"

enum weak_model {
	WEAK_SEQUENTIAL = 0,
	WEAK_CC,
	WEAK_CCV,
	WEAK_CM,
	WEAK_PRAM,
	WEAK_READ_YOUR_WRITES,
	WEAK_MONOTONIC_READS,
	WEAK_MONOTONIC_WRITES,
	WEAK_WRITES_FOLLOW_READS,
	WEAK_SESSION,
	WEAK_MODEL_COUNT
};

/* A sequence that proves validity. sequential, causal-ccv: of all operations; causal-cc: one
 * that contains co; causal-cm and pram: the view of a session, all writes and its reads;
 * the guarantees: the writes, of each key from the oldest to the newest, as a session may
 * have seen them. */
struct weak_order {
	uint32_t session; /* whose; WEAK_EVERYONE: one sequence for all */
	const uint32_t *ids;
	uint32_t count;
	const uint32_t
		*rest; /* of a short one: an order that all sessions share. NULL: not
				 short. Guarantees: of all writes; those that `ids` lacks
				 follow so. Views: of all operations; of these the first
				 `rest_first` precede `ids`, and those that stand behind
				 all of `ids` follow */
	uint32_t rest_count, rest_first;
};
#define WEAK_EVERYONE UINT32_MAX

/* Takes one sequence; it is gone afterwards. Together they need n sessions words:
 * weak_keep.h keeps them all where that is not much. */
struct weak_taker {
	void (*take)(void *context, const struct weak_order *order);
	void *context;
	bool takes_short; /* what is a session's own is enough */
};

struct weak_limits {
	struct budget budget;
	const struct weak_taker *taker; /* NULL: no sequences are made */
};

struct weak_answer {
	enum verdict verdict;
	const char *reason; /* static: why unknown */
	const char *broken; /* static: name of the bad pattern that was met first */
	uint32_t at; /* invalid: the read where it was met; WEAK_INITIAL: unclear */
};

/* "sequential", "causal-cc", ... */
const char *weak_model_name(enum weak_model model);

/* Decides. VERDICT_UNKNOWN when the budget is used up. Orphans are not looked at. */
void weak_decide(enum weak_model model, const struct weak *weak,
		 const struct weak_limits *limits, struct weak_answer *answer);

/* The deciders. The answer is zeroed by the caller. */
void causal_decide(enum weak_model model, const struct weak *weak,
		   const struct weak_limits *limits, struct weak_answer *answer);
void causal_near_decide(enum weak_model model, const struct weak *weak,
			const struct weak_limits *limits, struct weak_answer *answer);
void views_decide(enum weak_model model, const struct weak *weak,
		  const struct weak_limits *limits, struct weak_answer *answer);
void views_near_decide(enum weak_model model, const struct weak *weak,
		       const struct weak_limits *limits, struct weak_answer *answer);
void session_decide(enum weak_model model, const struct weak *weak,
		    const struct weak_limits *limits, struct weak_answer *answer);
void sequential_decide(const struct weak *weak, const struct weak_limits *limits,
		       struct weak_answer *answer);

/* What the deciders end with. */
void weak_answer_invalid(struct weak_answer *answer, const char *broken, uint32_t at);
void weak_answer_unknown(struct weak_answer *answer, const char *reason);

void weak_give(const struct weak_limits *limits, uint32_t session, const uint32_t *ids,
	       uint32_t count);

#endif
