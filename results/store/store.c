#include "results/store/store_file.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

/* Binds the next parameter; every binder moves the position on. Texts are borrowed until
 * the statement has run, which is before the caller can free them. */
struct binder {
	sqlite3_stmt *statement;
	int position;
};

static void
bind_int(struct binder *binder, int64_t number)
{
	sqlite3_bind_int64(binder->statement, ++binder->position, number);
}

static void
bind_null(struct binder *binder)
{
	sqlite3_bind_null(binder->statement, ++binder->position);
}

static void
bind_text(struct binder *binder, const char *text)
{
	sqlite3_bind_text(binder->statement, ++binder->position, text, -1, SQLITE_STATIC);
}

/* Times below zero mean "not yet". */
static void
bind_time(struct binder *binder, int64_t ns)
{
	if (ns < 0)
		bind_null(binder);
	else
		bind_int(binder, ns);
}

static void
bind_cell(struct binder *binder, const struct cell *cell)
{
	if (cell->kind == CELL_INT)
		bind_int(binder, cell->number);
	else
		bind_text(binder, cell->kind == CELL_JSON ? cell->json : NULL);
}

static bool
start(struct store *store, enum store_statement which, struct binder *binder,
      struct err *err)
{
	pthread_mutex_lock(&store->lock);
	*binder = (struct binder){.statement = store_prepare(store, which, err)};
	if (binder->statement == NULL)
		pthread_mutex_unlock(&store->lock);
	return binder->statement != NULL;
}

static bool
finish(struct store *store, struct binder *binder, struct err *err)
{
	bool ok = store_run_statement(store, binder->statement, err);

	pthread_mutex_unlock(&store->lock);
	return ok;
}

bool
store_begin(struct store *store, struct err *err)
{
	struct binder binder;

	return start(store, STORE_BEGIN, &binder, err) && finish(store, &binder, err);
}

/* After a failure SQLite may or may not have rolled back by itself; afterwards it has. */
bool
store_commit(struct store *store, struct err *err)
{
	struct binder binder;

	pthread_mutex_lock(&store->lock);
	bool ok = start(store, STORE_COMMIT, &binder, err) && finish(store, &binder, err);
	if (!ok && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	pthread_mutex_unlock(&store->lock);
	return ok;
}

static void
bind_run(struct binder *binder, const struct store_run *run)
{
	bind_text(binder, run->name);
	bind_text(binder, run->system);
	bind_text(binder, run->workload);
	bind_text(binder, run->faults);
	bind_text(binder, run->command);
	bind_text(binder, run->version);
	bind_int(binder, (int64_t)run->seed);
	bind_int(binder, run->started_unix_ms);
	bind_int(binder, run->time_ns);
	bind_int(binder, run->concurrency);
	bind_int(binder, run->node_count);
}

bool
store_put_run(struct store *store, const struct store_run *run, struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_PUT_RUN, &binder, err))
		return false;
	bind_run(&binder, run);
	return finish(store, &binder, err);
}

bool
store_put_op(struct store *store, const struct store_op *op, struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_PUT_OP, &binder, err))
		return false;
	bind_int(&binder, op->invoke_at);
	bind_time(&binder, op->complete_at == OP_NEVER ? -1 : (int64_t)op->complete_at);
	bind_int(&binder, op->invoke_ns);
	bind_time(&binder, op->complete_ns);
	bind_int(&binder, op->process);
	bind_int(&binder, op->node);
	bind_text(&binder, op_type_name((enum op_type)op->type));
	bind_text(&binder, op->f);
	bind_cell(&binder, &op->key);
	bind_cell(&binder, &op->input);
	bind_cell(&binder, &op->output);
	bind_text(&binder, op->error != NULL && op->error[0] != '\0' ? op->error : NULL);
	return finish(store, &binder, err);
}

static void
bind_fault(struct binder *binder, const struct store_fault *fault)
{
	if (fault->id == 0)
		bind_null(binder);
	else
		bind_int(binder, fault->id);
	bind_text(binder, fault->fault);
	bind_text(binder, fault->target);
	bind_text(binder, fault->resolved);
	bind_time(binder, fault->start_ns);
	bind_time(binder, fault->end_ns);
	bind_int(binder, fault->injected);
	bind_int(binder, fault->verified);
	bind_int(binder, fault->healed);
	bind_int(binder, fault->has_evidence);
	bind_text(binder, fault->evidence);
	bind_text(binder, fault->error);
}

bool
store_put_fault(struct store *store, struct store_fault *fault, struct err *err)
{
	struct binder binder;

	pthread_mutex_lock(&store->lock);
	bool ok = start(store, STORE_PUT_FAULT, &binder, err);
	if (ok) {
		bind_fault(&binder, fault);
		ok = finish(store, &binder, err);
	}
	if (ok && fault->id == 0)
		fault->id = sqlite3_last_insert_rowid(store->db);
	pthread_mutex_unlock(&store->lock);
	return ok;
}

bool
store_put_host(struct store *store, const struct store_host *host, struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_PUT_HOST, &binder, err))
		return false;
	bind_int(&binder, host->index);
	bind_text(&binder, host->name);
	bind_text(&binder, host->address);
	bind_text(&binder, host->address6);
	bind_text(&binder, host->details);
	return finish(store, &binder, err);
}

bool
store_put_note(struct store *store, int64_t at_ns, const char *kind, const char *text,
	       struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_PUT_NOTE, &binder, err))
		return false;
	bind_int(&binder, at_ns);
	bind_text(&binder, kind);
	bind_text(&binder, text);
	return finish(store, &binder, err);
}

static bool
drop_anomalies(struct store *store, const char *checker, struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_DROP_ANOMALIES, &binder, err))
		return false;
	bind_text(&binder, checker);
	return finish(store, &binder, err);
}

bool
store_put_verdict(struct store *store, const struct store_verdict *verdict,
		  struct err *err)
{
	struct binder binder;
	struct buf details = {0};

	if (!drop_anomalies(store, verdict->checker, err) ||
	    !start(store, STORE_PUT_VERDICT, &binder, err))
		return false;
	buf_printf(&details, "{%s}", verdict->details != NULL ? verdict->details : "");
	bind_text(&binder, verdict->checker);
	bind_text(&binder, verdict->verdict);
	bind_text(&binder, verdict->reason);
	bind_text(&binder, verdict->complexity);
	bind_int(&binder, verdict->certified);
	bind_int(&binder, (int64_t)verdict->operations);
	bind_int(&binder, (int64_t)verdict->anomaly_count);
	sqlite3_bind_double(binder.statement, ++binder.position, verdict->seconds);
	bind_text(&binder, buf_text(&details));
	bool ok = finish(store, &binder, err);
	buf_release(&details);
	return ok;
}

bool
store_put_anomaly(struct store *store, const char *checker, const char *name,
		  const char *key_json, const char *text, const char *ops_json,
		  struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_PUT_ANOMALY, &binder, err))
		return false;
	bind_text(&binder, checker);
	bind_text(&binder, name);
	bind_text(&binder, key_json);
	bind_text(&binder, text);
	bind_text(&binder, ops_json);
	return finish(store, &binder, err);
}

bool
store_finish(struct store *store, const char *status, const char *verdict,
	     struct err *err)
{
	struct binder binder;

	if (!start(store, STORE_FINISH, &binder, err))
		return false;
	bind_text(&binder, status);
	bind_text(&binder, verdict);
	return finish(store, &binder, err);
}

const char *
store_folder(const struct store *store)
{
	return store->folder;
}

bool
store_close(struct store *store, struct err *err)
{
	if (store == NULL)
		return true;
	for (int i = 0; i < STORE_STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	bool ok = sqlite3_close(store->db) == SQLITE_OK || store_failed(store, err);
	for (int i = 0; i < STORE_RUN_TEXTS; i++)
		free(store->run_texts[i]);
	pthread_mutex_destroy(&store->lock);
	free(store->folder);
	free(store->path);
	free(store);
	return ok;
}
