#include "results/store/store_file.h"

#include "base/mem.h"
#include "results/drawing/embed.h"

#include <stdio.h>

EMBED(schema, "results/store/schema.sql");

static const char *const statement_texts[STORE_STATEMENTS] = {
	[STORE_BEGIN] = "BEGIN IMMEDIATE",
	[STORE_COMMIT] = "COMMIT",
	[STORE_PUT_RUN] =
		"INSERT INTO run VALUES (?,?,?,?,?,?,?,?,?,?,?,'running',NULL,NULL)",
	[STORE_PUT_OP] = "INSERT OR REPLACE INTO op VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
	[STORE_PUT_FAULT] =
		"INSERT OR REPLACE INTO fault VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
	[STORE_PUT_HOST] = "INSERT OR REPLACE INTO host VALUES (?,?,?,?,?)",
	[STORE_PUT_NOTE] = "INSERT INTO log VALUES (?,?,?)",
	[STORE_PUT_VERDICT] = "INSERT OR REPLACE INTO verdict VALUES (?,?,?,?,?,?,?,?,?)",
	[STORE_DROP_ANOMALIES] = "DELETE FROM anomaly WHERE checker = ?",
	[STORE_PUT_ANOMALY] = "INSERT INTO anomaly VALUES (NULL,?,?,?,?,?)",
	[STORE_FINISH] = "UPDATE run SET status = coalesce(?1, status), "
			 "verdict = coalesce(?2, verdict), "
			 "operations = (SELECT count(*) FROM op)",
};

bool
store_failed(struct store *store, struct err *err)
{
	int code = sqlite3_extended_errcode(store->db);

	switch (code) {
	case SQLITE_FULL:
		err_set(err, "write '%s': no space left", store->path);
		break;
	case SQLITE_IOERR_WRITE: /* SQLite does not keep why: quota, file size limit, disk
				  */
	case SQLITE_IOERR_FSYNC:
	case SQLITE_IOERR_TRUNCATE:
		err_set(err, "write '%s': the file system refused", store->path);
		break;
	default:
		return err_set(err, "use '%s': %s", store->path,
			       sqlite3_errmsg(store->db));
	}
	return err_hint(err, "make room there (space, quota, file size limit); what was "
			     "recorded before is kept");
}

sqlite3_stmt *
store_prepare(struct store *store, enum store_statement which, struct err *err)
{
	sqlite3_stmt **statement = &store->statements[which];

	if (*statement == NULL &&
	    sqlite3_prepare_v3(store->db, statement_texts[which], -1,
			       SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		store_failed(store, err);
	return *statement;
}

bool
store_run_statement(struct store *store, sqlite3_stmt *statement, struct err *err)
{
	int code = sqlite3_step(statement);
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW;

	if (!ok)
		store_failed(store, err);
	sqlite3_reset(statement);
	return ok;
}

static bool
execute(struct store *store, const char *sql, struct err *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return store_failed(store, err);
}

static bool
query_number(struct store *store, const char *sql, int64_t *number, struct err *err)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return store_failed(store, err);
	bool ok = sqlite3_step(statement) == SQLITE_ROW;
	if (ok)
		*number = sqlite3_column_int64(statement, 0);
	else
		store_failed(store, err);
	sqlite3_finalize(statement);
	return ok;
}

/* Checkpoints are small (8 MiB of log): they hold the recorder up, and one of 64 MiB does
 * so for twice the time that an invocation may wait. NORMAL syncs at checkpoints only: a
 * killed process loses nothing, a power cut the last moments. */
static bool
make_schema(struct store *store, struct err *err)
{
	char marks[128];

	snprintf(marks, sizeof(marks),
		 "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		 STORE_APPLICATION_ID, STORE_SCHEMA_VERSION);
	return execute(store, "PRAGMA journal_mode = WAL; BEGIN", err) &&
	       execute(store, EMBEDDED(schema).data, err) && execute(store, marks, err);
}

static bool
check_schema(struct store *store, struct err *err)
{
	int64_t application, version;

	if (!query_number(store, "PRAGMA application_id", &application, err) ||
	    !query_number(store, "PRAGMA user_version", &version, err))
		return false;
	if (application != STORE_APPLICATION_ID)
		return err_set(err, "'%s' is a database, but no run of faultline",
			       store->path);
	if (version == STORE_SCHEMA_VERSION)
		return true;
	err_set(err, "'%s' has schema %d, this faultline reads %d", store->path,
		(int)version, STORE_SCHEMA_VERSION);
	return err_hint(err, "use the faultline that made the run");
}

static void
init_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

/* A run on a read-only medium is opened as a file that nobody changes. */
static bool
open_immutable(struct store *store, struct err *err)
{
	char *escaped = sqlite3_mprintf("file:%s?immutable=1", store->path);

	sqlite3_close(store->db);
	store->db = NULL;
	int code = sqlite3_open_v2(
		escaped, &store->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_free(escaped);
	return code == SQLITE_OK ? true : store_failed(store, err);
}

static bool
open_database(struct store *store, bool is_new, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	int64_t number;

	if (sqlite3_open_v2(store->path, &store->db,
			    flags | (is_new ? SQLITE_OPEN_CREATE : 0), NULL) != SQLITE_OK)
		return store_failed(store, err);
	sqlite3_busy_timeout(store->db, 10 * 1000);
	sqlite3_extended_result_codes(store->db, 1);
	if (!is_new &&
	    !query_number(store, "SELECT count(*) FROM sqlite_schema", &number, err)) {
		int code = sqlite3_errcode(store->db) & 0xff; /* of its family */
		if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY)
			return false;
		return open_immutable(store, err);
	}
	return execute(store,
		       "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; "
		       "PRAGMA wal_autocheckpoint = 2048",
		       err);
}

struct store *
store_file_open(char *folder, char *path, bool is_new, struct err *err)
{
	struct store *store = mem_new(1, sizeof(*store));

	store->folder = folder;
	store->path = path;
	init_lock(&store->lock);
	if (open_database(store, is_new, err) &&
	    (is_new ? make_schema(store, err) : check_schema(store, err)))
		return store;
	struct err ignored;
	store_close(store, &ignored);
	return NULL;
}
