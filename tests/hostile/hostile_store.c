/* The run store: a database that somebody else wrote, whole or cell by cell. */
#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "results/store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hostile_store_file(const char *argument, struct bytes input);
void hostile_store_cells(const char *argument, struct bytes input);

enum {
	ROWS_MAX = 50
};

static char folder[64];

static void
remove_folder(void)
{
	struct err err;

	file_remove_tree(folder, &err);
}

/* One scratch folder a process, where files are memory. */
static const char *
scratch(void)
{
	if (folder[0] == '\0') {
		const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
		snprintf(folder, sizeof(folder), "%s/faultline-hostile-XXXXXX", top);
		ASSERT(mkdtemp(folder) != NULL);
		atexit(remove_folder);
	}
	return folder;
}

static bool
ignore_row(void *context, int columns, const char *const *texts)
{
	(void)context, (void)columns, (void)texts;
	return true;
}

/* Everything that plots, reports and `faultline check` ask of a run. */
static void
read_all(const char *path)
{
	static const char *const queries[] = {
		"SELECT * FROM fault", "SELECT * FROM evidence", "SELECT * FROM series",
		"SELECT * FROM history LIMIT 1000"};
	struct history history;
	struct store_run run;
	struct err err;
	struct store *store = store_open(scratch(), path, &err);

	if (store == NULL)
		return;
	history_init(&history);
	if (store_read_history(store, &history, &err) && history.ops.count < ROWS_MAX)
		hostile_judge(&history, &(struct bytes){0});
	history_release(&history);
	store_read_run(store, &run, &err);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		store_query(store, queries[i], ignore_row, NULL, &err);
	store_close(store, &err);
}

void
hostile_store_file(const char *argument, struct bytes input)
{
	char *path = mem_format("%s/run.db", scratch());
	struct err err;

	(void)argument;
	ASSERT(file_write(path, input.data, input.len, &err));
	if (store_is_database(path))
		read_all(path);
	for (const char *const *end = (const char *const[]){"-wal", "-shm", "", NULL};
	     *end != NULL; end++) {
		char *name = mem_format("%s%s", path, *end);
		unlink(name);
		free(name);
	}
	free(path);
}

/* ---- cells -------------------------------------------------------------------------------- */

static sqlite3 *db; /* of a run with no operations; open until the end */
static char *db_path;

static void
close_database(void)
{
	sqlite3_close(db);
	free(db_path);
}

static void
open_database(void)
{
	const struct store_run run = {.name = "hostile"};
	struct err err;
	struct store *store = store_create(scratch(), &run, &err);

	ASSERT(store != NULL);
	db_path = mem_format("%s/run.db", store_folder(store));
	store_close(store, &err);
	ASSERT(sqlite3_open(db_path, &db) == SQLITE_OK);
	atexit(close_database);
}

static void
bind(sqlite3_stmt *statement, int column, struct bytes *input)
{
	static const char *const usual[] = {"ok",    "fail", "info", "read",
					    "write", "txn",  "null", ""};
	uint8_t byte = hostile_byte(input);
	char *line;

	switch (byte & 7) {
	case 0:
		sqlite3_bind_null(statement, column);
		break;
	case 1:
		sqlite3_bind_double(statement, column, (double)hostile_number(input) / 3);
		break;
	case 2:
		line = hostile_line(input);
		sqlite3_bind_text(statement, column, line, -1, free);
		break;
	case 3:
		line = hostile_line(input);
		sqlite3_bind_blob(statement, column, line, (int)strlen(line), free);
		break;
	case 4:
	case 5:
		sqlite3_bind_text(statement, column, usual[byte >> 5], -1, NULL);
		break;
	default:
		sqlite3_bind_int64(statement, column, hostile_number(input));
	}
}

static void
insert(const char *sql, int columns, struct bytes *input)
{
	sqlite3_stmt *statement;

	ASSERT(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
	for (int i = 1; i <= columns; i++)
		bind(statement, i, input);
	sqlite3_step(statement); /* a constraint may refuse it */
	sqlite3_finalize(statement);
}

void
hostile_store_cells(const char *argument, struct bytes input)
{
	(void)argument;
	if (db == NULL)
		open_database();
	sqlite3_exec(db, "BEGIN; DELETE FROM op; DELETE FROM fault; DELETE FROM host;",
		     NULL, NULL, NULL);
	for (int row = 0; row < ROWS_MAX && input.len > 0; row++)
		if (hostile_byte(&input) % 8 > 0)
			insert("INSERT INTO op VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", 12,
			       &input);
		else
			insert("INSERT INTO fault VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", 12,
			       &input);
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	read_all(db_path);
}
