/* register.h - linearizability of registers with compare-and-set, each key alone.
 *
 * Operations: read (result: the value), write V, cas [EXPECTED NEW]. A cas that failed is
 * taken as "did not happen" and says nothing, as Knossos and Porcupine take it, because
 * histories mix "the value was another" with "the request was refused". With
 * options->failed_cas_observes a failed cas without an error text is an observation: at
 * some instant of it the register did not hold EXPECTED. (With an error text it never
 * is.)
 *
 * Deciders, chosen for each key: zones (checkers/register/zones.h, written values unique:
 * linear) and the frontier engine (checkers/engine/frontier.h, anything else).
 *
 * Anomalies, the names that runs, bugs.def and tests use. "Seen" is: returned by a read,
 * or expected by a cas that succeeded. A comes back: A was in effect, another value B was
 * certainly in effect after it (acknowledged or seen), and then A was seen again by an
 * operation that began later.
 *
 *	stale-read         A read returned a value that was overwritten before the read
 *	                   began, and others went on seeing the newer value, or one read
 *	                   alone saw the older one.
 *	                   w1 ok | w2 ok | read 1
 *	lost-write         A value comes back for good: the acknowledged (or seen) write
 *	                   that had replaced it is never seen from then on.
 *	                   w1 ok | w2 ok | read 1 | cas 1 3 ok
 *	duplicate-write    A value comes back while its write is still open or of unknown
 *	                   outcome, and nobody sees the newer value again: it ran twice.
 *	                   w1 ... | read 1 | w2 ok | read 1 | ... ok
 *	unwritten-read     A value was seen that no operation ever wrote.
 *	failed-write-read  A value was seen whose only writers failed.
 *	future-read        A value was seen before its write began.
 *	forked-cas         Two cas succeeded from one value that was written once.
 *	                   cas 1 2 ok | cas 1 3 ok
 *	not-linearizable   No order of the operations exists, for another reason.
 *
 * Where one key's values are not unique (frontier engine) only unwritten-read,
 * failed-write-read, stale-read (every write of the value was overwritten before the read
 * began) and not-linearizable are told apart.
 *
 * What clients saw does not always tell one cause from another: a single old value may
 * come from a stale read or from a lost write. The text says what is certain. */
#ifndef CHECKERS_REGISTER_H
#define CHECKERS_REGISTER_H

#include "checkers/checker.h"
#include "checkers/engine/model.h"
#include "checkers/partition.h"

extern const struct checker checker_register;

/* The register as a model: kinds are REGISTER_..., a and b are ids of values. */
enum register_call {
	REGISTER_READ = 1, /* a: the value returned */
	REGISTER_WRITE,	   /* a: the value written */
	REGISTER_CAS,	   /* a: expected, b: new */
	REGISTER_UNEQUAL,  /* a: a value that it did not hold (failed cas) */
};
extern const struct model model_register;

/* Whether the operation is a read, a write, or a cas with a list of two; else the reason.
 */
bool register_understands(const struct history *history, const struct op *op,
			  struct err *err);

/* The operation may have changed the register (an ok or info write or cas); then what it
 * wrote. */
static inline bool
register_writes(const struct history *history, const struct op *op, val *written)
{
	if (op->type == OP_FAIL || op->f == F_READ)
		return false;
	*written = op->f == F_CAS ? val_at(&history->values, op->input, 1) : op->input;
	return true;
}

/* The operation happened and saw the register: a read (but not one of nil where nil
 * taught nothing), or the expectation of a cas that succeeded. Then what it saw. */
static inline bool
register_sees(const struct history *history, const struct op *op,
	      const struct check_options *options, val *seen)
{
	if (op->type != OP_OK || op->f == F_WRITE)
		return false;
	*seen = op->f == F_CAS ? val_at(&history->values, op->input, 0) : op->output;
	return op->f == F_CAS || *seen != VAL_OF_NIL || !options->nil_is_unknown;
}

#endif
