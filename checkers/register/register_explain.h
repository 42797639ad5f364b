/* register_explain.h - a conflict of zones as a named anomaly in words.
 *
 * Which name: register.h has the definitions. Naming walks the key's operations once for
 * each conflict; it never changes a verdict. */
#ifndef CHECKERS_REGISTER_EXPLAIN_H
#define CHECKERS_REGISTER_EXPLAIN_H

#include "checkers/register/register.h"
#include "checkers/register/zones.h"

/* Fills the anomaly: name, operations, text. */
void register_explain(const struct key_ops *key, const struct check_options *options,
		      const struct zones_conflict *conflict, struct anomaly *anomaly);

/* A value was seen that no operation could have written: unwritten-read, or
 * failed-write-read when only failed operations wrote it. */
void register_explain_unwritten(const struct key_ops *key,
				const struct check_options *options, uint32_t op,
				struct anomaly *anomaly);

/* What the frontier engine refuted: finds and shrinks a core near the completion that could
 * not be passed, names and explains it. Where no small core is found the anomaly talks about
 * that completion alone, and the text says so. */
void register_explain_stuck(const struct key_ops *key,
			    const struct check_options *options, uint32_t stuck_op,
			    struct anomaly *anomaly);

#endif
