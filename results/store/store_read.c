/* Reading a run back: its head, its operations, and queries. */
#include "results/store/store_file.h"

#include "base/assert.h"
#include "base/machine.h"
#include "results/formats/names.h"
#include "results/formats/scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- queries ---- */

static sqlite3_stmt *
prepare(struct store *store, const char *sql, struct err *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK)
		store_failed(store, err);
	return statement;
}

/* Calls back for each row. False when the database failed or `row` refused with an error.
 */
static bool
each_row(struct store *store, const char *sql,
	 bool (*row)(void *context, sqlite3_stmt *statement), void *context,
	 struct err *err)
{
	pthread_mutex_lock(&store->lock);
	sqlite3_stmt *statement = prepare(store, sql, err);
	int code = SQLITE_ERROR;

	while (statement != NULL && (code = sqlite3_step(statement)) == SQLITE_ROW)
		if (!row(context, statement))
			break;
	bool ok = code == SQLITE_DONE || code == SQLITE_ROW;
	if (statement != NULL && !ok)
		store_failed(store, err);
	sqlite3_finalize(statement);
	pthread_mutex_unlock(&store->lock);
	return ok;
}

enum {
	COLUMNS_MAX = 64
};

struct text_query {
	bool (*row)(void *context, int columns, const char *const *texts);
	void *context;
};

static bool
row_as_texts(void *context, sqlite3_stmt *statement)
{
	struct text_query *query = context;
	const char *texts[COLUMNS_MAX];
	int columns = sqlite3_column_count(statement);

	ASSERT(columns <= COLUMNS_MAX);
	for (int i = 0; i < columns; i++)
		texts[i] = (const char *)sqlite3_column_text(statement, i);
	return query->row(query->context, columns, texts);
}

bool
store_query(struct store *store, const char *sql,
	    bool (*row)(void *context, int columns, const char *const *texts),
	    void *context, struct err *err)
{
	struct text_query query = {.row = row, .context = context};

	return each_row(store, sql, row_as_texts, &query, err);
}

/* ---- the head ---- */

struct head {
	struct store *store;
	struct store_run *run;
	bool is_there;
};

static const char *
keep_text(struct store *store, int i, sqlite3_stmt *statement)
{
	const char *text = (const char *)sqlite3_column_text(statement, i);

	free(store->run_texts[i]);
	store->run_texts[i] = mem_string(text != NULL ? text : "");
	return store->run_texts[i];
}

static bool
read_head(void *context, sqlite3_stmt *statement)
{
	struct head *head = context;

	head->is_there = true;
	*head->run = (struct store_run){
		.name = keep_text(head->store, 0, statement),
		.system = keep_text(head->store, 1, statement),
		.workload = keep_text(head->store, 2, statement),
		.faults = keep_text(head->store, 3, statement),
		.command = keep_text(head->store, 4, statement),
		.version = keep_text(head->store, 5, statement),
		.seed = (uint64_t)sqlite3_column_int64(statement, 6),
		.started_unix_ms = sqlite3_column_int64(statement, 7),
		.time_ns = sqlite3_column_int64(statement, 8),
		.concurrency = sqlite3_column_int(statement, 9),
		.node_count = sqlite3_column_int(statement, 10),
	};
	return false;
}

bool
store_read_run(struct store *store, struct store_run *run, struct err *err)
{
	struct head head = {.store = store, .run = run};

	if (!each_row(store,
		      "SELECT name, system, workload, faults, command, version, seed, "
		      "started_unix_ms, time_ns, concurrency, node_count FROM run",
		      read_head, &head, err))
		return false;
	return head.is_there || err_set(err, "'%s' has no head", store->path);
}

/* ---- operations ---- */

struct op_reading {
	struct history *history;
	struct names fs;
	struct scan scan;
	size_t bytes_max;
	bool failed, over_bound;
	struct err *err;
};

static bool
read_cell(struct op_reading *reading, sqlite3_stmt *statement, int column, val *value)
{
	*value = VAL_OF_NIL;
	switch (sqlite3_column_type(statement, column)) {
	case SQLITE_NULL:
		return true;
	case SQLITE_INTEGER:
		*value = val_int(&reading->history->values,
				 sqlite3_column_int64(statement, column));
		return true;
	default: {
		const char *json = (const char *)sqlite3_column_text(statement, column);
		size_t bytes = (size_t)sqlite3_column_bytes(statement, column);
		scan_set_input(&reading->scan,
			       (struct bytes){.data = json, .len = bytes});
		return scan_value(&reading->scan, value);
	}
	}
}

static int64_t
read_time(sqlite3_stmt *statement, int column)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return -1;
	return sqlite3_column_int64(statement, column);
}

static enum op_type
type_of(const char *name)
{
	if (name != NULL && name[0] == 'o')
		return OP_OK;
	return name != NULL && name[0] == 'f' ? OP_FAIL : OP_INFO;
}

enum op_column {
	ID,
	COMPLETE_AT,
	INVOKE_NS,
	COMPLETE_NS,
	PROCESS,
	NODE,
	TYPE,
	FUNCTION,
	KEY,
	INPUT,
	OUTPUT,
	ERROR
};

static bool
read_f(struct op_reading *reading, sqlite3_stmt *statement, uint16_t *f)
{
	const char *name = (const char *)sqlite3_column_text(statement, FUNCTION);
	size_t bytes = (size_t)sqlite3_column_bytes(statement, FUNCTION);

	if (names_f(&reading->fs, reading->history, name != NULL ? name : "", bytes, f))
		return true;
	return scan_fail(&reading->scan, reading->scan.at, "more than %d functions",
			 NAMES_MAX);
}

/* Positions are below OP_NEVER, and what ended did so after it began. */
static bool
read_positions(struct op_reading *reading, sqlite3_stmt *statement, struct op *op)
{
	int64_t id = sqlite3_column_int64(statement, ID);
	int64_t complete_at = read_time(statement, COMPLETE_AT);
	const char *problem = NULL;

	if (id < 0 || id >= OP_NEVER || (op->type != OP_INFO && complete_at >= OP_NEVER))
		problem = "stands at a position that no run has";
	else if (op->type != OP_INFO && complete_at < 0)
		problem = "was answered, but not at any position";
	else if (op->type != OP_INFO && complete_at <= id)
		problem = "is over before it begins";
	op->invoke_at = (uint32_t)id;
	op->complete_at = op->type == OP_INFO ? OP_NEVER : (uint32_t)complete_at;
	if (problem == NULL)
		return true;
	reading->failed = true;
	return err_set(reading->err, "operation %" PRId64 " %s", id, problem);
}

static bool
has_room(struct op_reading *reading, uint32_t id)
{
	if (history_bytes(reading->history) < reading->bytes_max)
		return true;
	reading->failed = reading->over_bound = true;
	return err_set(reading->err,
		       "the operations up to %u fill the memory that they may have", id);
}

static bool
read_op(void *context, sqlite3_stmt *statement)
{
	struct op_reading *reading = context;
	struct op op = {
		.invoke_ns = sqlite3_column_int64(statement, INVOKE_NS),
		.complete_ns = read_time(statement, COMPLETE_NS),
		.process = (uint32_t)sqlite3_column_int64(statement, PROCESS),
		.node = (uint8_t)sqlite3_column_int(statement, NODE),
		.type = type_of((const char *)sqlite3_column_text(statement, TYPE)),
	};

	if (!read_positions(reading, statement, &op) || !has_room(reading, op.invoke_at))
		return false;
	if (!read_f(reading, statement, &op.f) ||
	    !read_cell(reading, statement, KEY, &op.key) ||
	    !read_cell(reading, statement, INPUT, &op.input) ||
	    !read_cell(reading, statement, OUTPUT, &op.output)) {
		err_set(reading->err, "operation %u: %s", op.invoke_at,
			reading->scan.problem);
		reading->failed = true;
		return false;
	}
	op.error = history_error_id(reading->history,
				    (const char *)sqlite3_column_text(statement, ERROR));
	history_add(reading->history, &op);
	return true;
}

static bool
read_fault(void *context, sqlite3_stmt *statement)
{
	struct op_reading *reading = context;
	struct history *history = reading->history;
	struct op op = {.invoke_ns = read_time(statement, 2),
			.complete_ns = read_time(statement, 3),
			.complete_at = OP_NEVER,
			.type = OP_INFO};
	const char *fault = (const char *)sqlite3_column_text(statement, 0);
	const char *target = (const char *)sqlite3_column_text(statement, 1);

	if (fault == NULL || !names_f(&reading->fs, history, fault, strlen(fault), &op.f))
		return true;
	if (target != NULL)
		op.input = val_string(&history->values, target);
	vec_push(&history->nemesis, op);
	return true;
}

bool
store_read_history(struct store *store, struct history *history, struct err *err)
{
	bool over_bound;

	return store_read_history_within(store, 0, history, &over_bound, err);
}

bool
store_read_history_within(struct store *store, size_t bytes_max, struct history *history,
			  bool *over_bound, struct err *err)
{
	struct op_reading reading = {.history = history,
				     .bytes_max = bytes_max > 0 ? bytes_max
								: machine_memory() / 2,
				     .err = err};

	names_init(&reading.fs);
	scan_init(&reading.scan, SCAN_JSON, &history->values, (struct bytes){.data = ""});
	bool ok =
		each_row(store,
			 "SELECT id, complete_at, invoke_ns, complete_ns, process, node, "
			 "type, f, key, input, output, error FROM op ORDER BY id",
			 read_op, &reading, err) &&
		!reading.failed &&
		each_row(
			store,
			"SELECT fault, coalesce(nullif(resolved, ''), target), start_ns, "
			"end_ns FROM fault ORDER BY start_ns, id",
			read_fault, &reading, err);
	*over_bound = reading.over_bound;
	if (reading.failed)
		err_context(err, "read '%s'", store->path);
	scan_release(&reading.scan);
	names_release(&reading.fs);
	if (ok)
		history_sort(history);
	return ok;
}
