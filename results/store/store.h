/* store.h - the run store: one folder a run, one SQLite file in it.
 *
 *	runs/NAME/20261121T051403.123/run.db, log.txt, plots/, report.html, hosts/n1/...
 *	runs/latest -> the newest
 *
 * Written while the run goes on, in transactions of at most 100 ms; a killed harness
 * leaves a file that can be read. All calls may come from any thread (one lock inside).
 * Disk full and the like come back as errors; what was committed stays (a failed put takes
 * the rows since store_begin with it). The schema is drawn in results/store/schema.sql. */
#ifndef RESULTS_STORE_H
#define RESULTS_STORE_H

#include "base/err.h"
#include "base/history.h"

#include <stdbool.h>
#include <stdint.h>

struct store;

/* The head of a run. All strings borrowed. */
struct store_run {
	const char *name, *system, *workload, *faults;
	const char *command; /* the command line that repeats the run */
	const char *version;
	uint64_t seed;
	int64_t started_unix_ms, time_ns;
	int concurrency, node_count;
};

/* A run's name is a folder's: not empty, no '/', no '.' in front, at most 100 bytes, and not
 * "latest". */
bool store_is_run_name(const char *name);

/* Makes runs_folder/NAME/TIME/ and the database; moves the `latest` links. */
struct store *store_create(const char *runs_folder, const struct store_run *run,
			   struct err *err);
/* Opens a run by folder, by database file, by name ("latest", NAME = its newest) or by the
 * TIME of its folder. */
struct store *store_open(const char *runs_folder, const char *which, struct err *err);
const char *store_folder(const struct store *store);
/* True when the file at the path is a SQLite database, and so perhaps a run. */
bool store_is_database(const char *path);
bool store_close(struct store *store, struct err *err);

/* A value on its way to disk: nil, an integer, or JSON text. */
struct cell {
	enum {
		CELL_NIL = 0,
		CELL_INT,
		CELL_JSON
	} kind;
	int64_t number;
	const char *json; /* borrowed; NUL-terminated */
};

struct store_op {
	uint32_t invoke_at;		/* the row's id */
	uint32_t complete_at;		/* OP_NEVER: still open or info */
	int64_t invoke_ns, complete_ns; /* -1: none */
	uint32_t process;
	uint8_t node, type; /* type OP_INFO while open */
	const char *f;
	struct cell key, input, output;
	const char *error; /* NULL or "": none */
};

/* Transactions: begin, any number of puts, commit. A put of an id that is there replaces
 * it (an open operation that was completed). */
bool store_begin(struct store *store, struct err *err);
bool store_put_op(struct store *store, const struct store_op *op, struct err *err);
bool store_commit(struct store *store, struct err *err);

struct store_fault {
	int64_t id; /* 0: a new row, its id is returned here */
	const char *fault, *target, *resolved;
	int64_t start_ns, end_ns; /* -1: still in force */
	bool injected, verified, healed, has_evidence;
	const char *evidence; /* JSON object */
	const char *error;
};
bool store_put_fault(struct store *store, struct store_fault *fault, struct err *err);

struct store_host {
	int index;
	const char *name, *address, *address6, *details; /* details: JSON object */
};
bool store_put_host(struct store *store, const struct store_host *host, struct err *err);

/* A line of the run's own log or a fact ("phase", "quiet rate", ...) with its time. */
bool store_put_note(struct store *store, int64_t at_ns, const char *kind,
		    const char *text, struct err *err);

struct store_verdict {
	const char *checker, *verdict, *reason, *complexity;
	bool certified;
	uint64_t operations, anomaly_count;
	double seconds;
	const char *details; /* JSON object members */
};
/* Replaces the verdict of the same checker and its anomalies. */
bool store_put_verdict(struct store *store, const struct store_verdict *verdict,
		       struct err *err);
bool store_put_anomaly(struct store *store, const char *checker, const char *name,
		       const char *key_json, const char *text, const char *ops_json,
		       struct err *err);
/* The end: "done", "interrupted", "broken: REASON"; and the run's verdict in words. NULL
 * leaves either as it is. May be called again, with a later verdict. */
bool store_finish(struct store *store, const char *status, const char *verdict,
		  struct err *err);

/* ---- reading --------------------------------------------------------------------------
 */

/* Adds all operations to an empty history; open ones are info. Faults stand in
 * history->nemesis. The caller calls history_init and history_release. */
bool store_read_history(struct store *store, struct history *history, struct err *err);

/* The same of at most so many bytes (0: half of the machine's memory, as above); false with
 * *over_bound when there are more. */
bool store_read_history_within(struct store *store, size_t bytes_max,
			       struct history *history, bool *over_bound,
			       struct err *err);

/* The head; strings live until store_close or the next call. */
bool store_read_run(struct store *store, struct store_run *run, struct err *err);

/* Runs a query and calls back for each row with its columns as text (NULL for NULL). For
 * plots and reports. A callback that returns false ends the query without error. */
bool store_query(struct store *store, const char *sql,
		 bool (*row)(void *context, int columns, const char *const *texts),
		 void *context, struct err *err);

#endif
