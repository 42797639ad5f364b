/* faultline-check.h - decide whether a recorded history is allowed (libfaultline-check).
 *
 *	struct faultline_check *check = faultline_check_new();
 *	faultline_check_read_file(check, "history.edn", NULL);
 *	faultline_check_set(check, "time", "10s");
 *	if (faultline_check_run(check) == FAULTLINE_INVALID)
 *		puts(faultline_check_words(check));
 *	faultline_check_free(check);
 *
 * A history is read from a file or from memory, in any format that `faultline list formats`
 * names, or built event by event. One object holds one history and, after a run, one
 * verdict. An object belongs to one thread at a time; different objects are independent.
 * Functions that return bool return false with the whole sentence in faultline_check_error.
 * Texts that are returned belong to the object and live until its next run or its end.
 * The library prints nothing and keeps no state outside its objects. */
#ifndef FAULTLINE_CHECK_H
#define FAULTLINE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct faultline_check;

enum faultline_verdict {
	FAULTLINE_NONE = 0, /* there is none: the error says why */
	FAULTLINE_VALID,
	FAULTLINE_INVALID,
	FAULTLINE_UNKNOWN, /* the budget ended, or no checker can tell; the reason says */
};

/* How an operation ended. */
enum faultline_outcome {
	FAULTLINE_OK = 1, /* it happened, the answer is known */
	FAULTLINE_FAIL,	  /* it did not happen */
	FAULTLINE_INFO,	  /* nobody knows */
};

struct faultline_check *faultline_check_new(void);
void faultline_check_free(struct faultline_check *check); /* NULL is fine */

/* The last failure, "" when there was none; with its remedy on a second line. */
const char *faultline_check_error(const struct faultline_check *check);

/* Adds a history; `format` NULL: found from the content. `name` stands in errors, which
 * say line and column. At most once, and not after events. False also when it is larger
 * than the option "memory" allows, and then a run answers unknown. */
bool faultline_check_read(struct faultline_check *check, const void *data, size_t bytes,
			  const char *name, const char *format);
bool faultline_check_read_file(struct faultline_check *check, const char *path,
			       const char *format);

/* Adds an event; the order of calls is the order of events. `f` is "read", "write", "cas",
 * "enqueue", "txn", ...; key and value are JSON, NULL is null. A process has at most one
 * operation open; one that is never completed is of unknown outcome. */
bool faultline_check_invoke(struct faultline_check *check, uint32_t process,
			    const char *f, const char *key, const char *value,
			    int64_t time_ns);
bool faultline_check_complete(struct faultline_check *check, uint32_t process,
			      enum faultline_outcome outcome, const char *value,
			      int64_t time_ns);

/* Options, before the history they concern (key) or before the run (others):
 *	checker	a name of faultline_check_checker, instead of the best fit
 *	model	a checker by its model ("cas-register"), or a variant of one ("monotone")
 *	level	isolation level of transactions; of staleness the bound
 *	key	tuple, none, or the name of a field
 *	init	initial value, as JSON or EDN (of a semaphore: its permits)
 *	nil	unknown or value: what a successful read of null taught
 *	failed-cas-observes	yes: a failed compare-and-set saw another value
 *	threads	a number; 0: as many as processors
 *	time	for a run: 10s, 500ms, 2m; then the verdict is unknown
 *	memory	for reading and for a run: 200m, 2g; beyond it the verdict is unknown */
bool faultline_check_set(struct faultline_check *check, const char *option,
			 const char *value);

/* Judges by a model of the caller's own (faultline-model.h), which must outlive the object. */
struct faultline_model;
void faultline_check_use_model(struct faultline_check *check,
			       const struct faultline_model *model);

/* Judges the history. May be called again, with other options. After a reading that failed
 * there is none to judge: FAULTLINE_NONE, and the error says why it failed. */
enum faultline_verdict faultline_check_run(struct faultline_check *check);

/* Ends a run early, from another thread or a signal handler: the verdict is what was proven
 * by then, which is unknown unless a violation was found. Before a run it ends the next one. */
void faultline_check_stop(struct faultline_check *check);

/* After a run: one sentence; all of it for a person; one JSON object. */
const char *faultline_check_reason(const struct faultline_check *check);
const char *faultline_check_words(struct faultline_check *check);
const char *faultline_check_json(struct faultline_check *check);

/* After a run: how what was read was understood, as far as a verdict can hang on it; lines
 * for a person, "" for a history built from events. */
const char *faultline_check_conventions(struct faultline_check *check);

/* Whether separate code proved the verdict again. */
bool faultline_check_certified(const struct faultline_check *check);

/* The violations that are told (at most 32): their names and explanations. */
size_t faultline_check_anomalies(const struct faultline_check *check);
const char *faultline_check_anomaly(const struct faultline_check *check, size_t i);
const char *faultline_check_explanation(const struct faultline_check *check, size_t i);

/* The name of checker i and, in *summary unless NULL, what it decides; NULL at the end. */
const char *faultline_check_checker(size_t i, const char **summary);

/* "1.2.3" */
const char *faultline_check_version(void);

#ifdef __cplusplus
}
#endif
#endif
