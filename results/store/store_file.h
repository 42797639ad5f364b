/* store_file.h - inside of the run store: the open database. Only store*.c include it. */
#ifndef RESULTS_STORE_FILE_H
#define RESULTS_STORE_FILE_H

#include "results/store/store.h"

#include <pthread.h>
#include <sqlite3.h>

/* Statements that are kept prepared. */
enum store_statement {
	STORE_BEGIN = 0,
	STORE_COMMIT,
	STORE_PUT_RUN,
	STORE_PUT_OP,
	STORE_PUT_FAULT,
	STORE_PUT_HOST,
	STORE_PUT_NOTE,
	STORE_PUT_VERDICT,
	STORE_DROP_ANOMALIES,
	STORE_PUT_ANOMALY,
	STORE_FINISH,
	STORE_STATEMENTS,
};

enum {
	STORE_RUN_TEXTS = 6
};

struct store {
	char *folder;				    /* owned */
	char *path;				    /* owned: of the database */
	pthread_mutex_t lock;			    /* recursive; guards all below */
	sqlite3 *db;				    /* owned */
	sqlite3_stmt *statements[STORE_STATEMENTS]; /* owned; prepared when first used */
	char *run_texts[STORE_RUN_TEXTS]; /* owned: what store_read_run gave out */
};

#define STORE_DATABASE "run.db"
#define STORE_APPLICATION_ID                                                             \
	0x46544c4e /* "FTLN": tells run files from other databases  \
					 */
#define STORE_SCHEMA_VERSION 1

/* Opens the database of a folder; a new one gets the schema. Owns the two paths. */
struct store *store_file_open(char *folder, char *path, bool is_new, struct err *err);

bool store_put_run(struct store *store, const struct store_run *run, struct err *err);

/* The error of the last call, with the remedy when the disk is full. Returns false. */
bool store_failed(struct store *store, struct err *err);

/* The statement, ready for binding; NULL with the error. The lock must be held. */
sqlite3_stmt *store_prepare(struct store *store, enum store_statement which,
			    struct err *err);

/* Runs the bound statement to its end and clears it. */
bool store_run_statement(struct store *store, sqlite3_stmt *statement, struct err *err);

#endif
