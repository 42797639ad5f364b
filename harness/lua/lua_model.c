#include "harness/lua/lua_model.h"

#include "base/assert.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "checkers/engine/states.h"
#include "harness/lua/lua_sandbox.h"
#include "harness/lua/lua_value.h"

#include <lua5.4/lauxlib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_BYTES_MAX ((size_t)1 << 20)
#define LUA_BYTES_MAX	 ((size_t)64 << 20)  /* of each thread */
#define STATE_BYTES_MAX	 ((size_t)256 << 20) /* the states that a thread met */

struct lua_model {
	struct faultline_model interface;
	char *path, *name, *key; /* owned; no key: NULL */
	struct buf source;
	pthread_key_t worker; /* struct worker of this thread */
};

/* One thread's own copy of the model. */
struct worker {
	const struct lua_model *model;
	struct lua_sandbox sandbox;
	struct states states; /* canonical bytes by number; a state is its number */
	struct buf bytes;     /* scratch */
	char *failure;	      /* owned; of the last call; NULL: none */
	int fields[4];	      /* registry references, by enum field */
};

enum field {
	FIELD_INIT,
	FIELD_STEP,
	FIELD_IS_READ,
	FIELD_UNDERSTANDS,
};

/* The members of the table; functions first, by enum field. */
static const char *const members[] = {"init", "step",	      "is_read", "understands",
				      "name", "uses_process", "key",	 NULL};

static struct lua_model *loaded;

/* ---- the table ---------------------------------------------------------------------- */

static void
refuse_unknown_members(lua_State *L, const char *path)
{
	lua_pushnil(L);
	while (lua_next(L, 1) != 0) {
		const char *name =
			lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "1";
		bool is_known = false;
		for (size_t i = 0; members[i] != NULL; i++)
			is_known |= strcmp(members[i], name) == 0;
		if (!is_known)
			luaL_error(L,
				   "%s: a model has no '%s'; it has init, step, "
				   "is_read, understands, name, uses_process and key",
				   path, name);
		lua_pop(L, 1);
	}
}

static void
keep_function(lua_State *L, struct worker *worker, enum field field)
{
	const char *path = worker->model->path, *name = members[field];
	int type = lua_getfield(L, 1, name);

	if (type == LUA_TNIL && field <= FIELD_STEP)
		luaL_error(L, "%s: the model has no function '%s'", path, name);
	if (type != LUA_TNIL && type != LUA_TFUNCTION)
		luaL_error(L, "%s: '%s' of the model is no function", path, name);
	worker->fields[field] = luaL_ref(L, LUA_REGISTRYINDEX);
}

/* Runs the file; the table that it returned stays at index 1. */
static int
load_file(lua_State *L)
{
	struct worker *worker = lua_touserdata(L, 1);
	const struct lua_model *model = worker->model;
	const char *chunk = lua_pushfstring(L, "@%s", model->path);

	if (luaL_loadbufferx(L, model->source.data, model->source.len, chunk, "t") !=
	    LUA_OK)
		lua_error(L);
	lua_call(L, 0, 1);
	lua_replace(L, 1);
	lua_settop(L, 1);
	if (lua_type(L, 1) != LUA_TTABLE)
		luaL_error(L,
			   "%s: the file returns no table; a model is: return {init = "
			   "function(initial) ..., step = function(state, op) ...}",
			   model->path);
	refuse_unknown_members(L, model->path);
	for (enum field field = FIELD_INIT; field <= FIELD_UNDERSTANDS; field++)
		keep_function(L, worker, field);
	lua_setfield(L, LUA_REGISTRYINDEX, "model");
	return 0;
}

static char *
text_member(lua_State *L, const char *name)
{
	if (lua_getfield(L, 1, name) == LUA_TNIL)
		return NULL;
	if (lua_type(L, -1) != LUA_TSTRING)
		luaL_error(L, "%s: '%s' of the model is no string", loaded->path, name);
	return mem_string(lua_tostring(L, -1));
}

/* What the interface says of the model. */
static int
describe(lua_State *L)
{
	struct lua_model *model = lua_touserdata(L, 1);

	lua_settop(L, 0);
	lua_getfield(L, LUA_REGISTRYINDEX, "model");
	model->name = text_member(L, "name");
	model->key = text_member(L, "key");
	lua_getfield(L, 1, "uses_process");
	model->interface.uses_process = lua_toboolean(L, -1);
	return 0;
}

/* ---- workers ------------------------------------------------------------------------ */

static void
worker_free(void *context)
{
	struct worker *worker = context;

	lua_sandbox_close(&worker->sandbox);
	states_release(&worker->states);
	buf_release(&worker->bytes);
	free(worker->failure);
	free(worker);
}

static struct worker *
worker_new(const struct lua_model *model)
{
	struct worker *worker = mem_new(1, sizeof(*worker));

	worker->model = model;
	states_init(&worker->states, STATE_BYTES_MAX);
	lua_sandbox_open(&worker->sandbox, LUA_BYTES_MAX);
	worker->failure = worker->sandbox.L == NULL
				  ? mem_string("there is no memory for Lua")
				  : lua_sandbox_call(&worker->sandbox, load_file, worker);
	if (worker->failure != NULL)
		lua_sandbox_close(&worker->sandbox);
	return worker;
}

static struct worker *
worker_of_thread(void)
{
	struct worker *worker = pthread_getspecific(loaded->worker);

	if (worker == NULL) {
		worker = worker_new(loaded);
		pthread_setspecific(loaded->worker, worker);
	}
	return worker;
}

/* A question to the model; `answer` says what for. */
struct question {
	struct worker *worker;
	enum field field;
	const struct faultline_value *initial; /* FIELD_INIT */
	uint32_t state;			       /* FIELD_STEP; then the next one */
	const struct faultline_call *call;
	bool answer;
};

static void
push_call(lua_State *L, const struct worker *worker, const struct faultline_call *call)
{
	lua_createtable(L, 0, 5);
	lua_pushstring(L, call->f);
	lua_setfield(L, -2, "f");
	lua_value_push(L, call->input);
	lua_setfield(L, -2, "input");
	if (call->is_known) {
		lua_value_push(L, call->output);
		lua_setfield(L, -2, "output");
	}
	lua_pushboolean(L, call->is_known);
	lua_setfield(L, -2, "known");
	if (worker->model->interface.uses_process) {
		lua_pushinteger(L, call->process);
		lua_setfield(L, -2, "process");
	}
}

/* The value on top of the stack becomes the question's state. */
static void
keep_state(lua_State *L, struct question *question)
{
	struct worker *worker = question->worker;
	struct err err = {0};

	buf_clear(&worker->bytes);
	if (!lua_value_write(L, -1, &worker->bytes, &err))
		luaL_error(L, "%s: '%s' returned what cannot be kept: %s",
			   worker->model->path, members[question->field], err.text);
	if (!states_number(&worker->states, worker->bytes.data, worker->bytes.len,
			   &question->state))
		luaL_error(L, "%s: the states need more than %d MB", worker->model->path,
			   (int)(STATE_BYTES_MAX >> 20));
}

static int
ask_init(lua_State *L)
{
	struct question *question = lua_touserdata(L, 1);

	lua_rawgeti(L, LUA_REGISTRYINDEX, question->worker->fields[FIELD_INIT]);
	lua_value_push(L, question->initial);
	lua_call(L, 1, 1);
	if (lua_isnil(L, -1))
		luaL_error(L, "%s: 'init' returned nil (a state that is nothing is null)",
			   question->worker->model->path);
	keep_state(L, question);
	return 0;
}

static int
ask_step(lua_State *L)
{
	struct question *question = lua_touserdata(L, 1);
	struct worker *worker = question->worker;

	lua_rawgeti(L, LUA_REGISTRYINDEX, worker->fields[FIELD_STEP]);
	lua_value_read(L, intern_get(&worker->states.of, question->state));
	push_call(L, worker, question->call);
	lua_call(L, 2, 1);
	question->answer = !lua_isnil(L, -1);
	if (question->answer)
		keep_state(L, question);
	return 0;
}

static int
ask_predicate(lua_State *L)
{
	struct question *question = lua_touserdata(L, 1);

	lua_rawgeti(L, LUA_REGISTRYINDEX, question->worker->fields[question->field]);
	push_call(L, question->worker, question->call);
	lua_call(L, 1, 1);
	question->answer = lua_toboolean(L, -1);
	return 0;
}

/* False when the model did not answer, or answered no. */
static bool
ask(struct question *question, lua_CFunction function)
{
	struct worker *worker = question->worker = worker_of_thread();

	if (worker->sandbox.L == NULL)
		return false;
	free(worker->failure);
	worker->failure = lua_sandbox_call(&worker->sandbox, function, question);
	return worker->failure == NULL && question->answer;
}

/* ---- the interface ------------------------------------------------------------------ */

static void
model_init(void *state, const struct faultline_value *initial)
{
	struct question question = {.field = FIELD_INIT, .initial = initial};

	ask(&question, ask_init);
	memcpy(state, &question.state, sizeof(question.state));
}

static bool
model_step(void *state, const struct faultline_call *call)
{
	struct question question = {.field = FIELD_STEP, .call = call};

	memcpy(&question.state, state, sizeof(question.state));
	bool is_possible = ask(&question, ask_step);
	memcpy(state, &question.state, sizeof(question.state));
	return is_possible;
}

static bool
model_is_read(const struct faultline_call *call)
{
	struct question question = {.field = FIELD_IS_READ, .call = call};

	return ask(&question, ask_predicate);
}

static bool
model_understands(const struct faultline_call *call)
{
	struct question question = {.field = FIELD_UNDERSTANDS, .call = call};

	return ask(&question, ask_predicate);
}

static const char *
model_failure(void)
{
	return worker_of_thread()->failure;
}

/* ---- files -------------------------------------------------------------------------- */

bool
lua_model_is_file(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".lua") == 0;
}

static void
fill_interface(struct lua_model *model, const struct worker *worker)
{
	struct faultline_model *interface = &model->interface;

	interface->version = FAULTLINE_MODEL_VERSION;
	interface->name = model->name != NULL ? model->name : model->path;
	interface->key = model->key;
	interface->state_bytes = sizeof(uint32_t);
	interface->init = model_init;
	interface->step = model_step;
	interface->failure = model_failure;
	if (worker->fields[FIELD_IS_READ] != LUA_REFNIL)
		interface->is_read = model_is_read;
	if (worker->fields[FIELD_UNDERSTANDS] != LUA_REFNIL)
		interface->understands = model_understands;
}

/* Runs the file on this thread, to hear now what is wrong with it. */
static bool
try(struct lua_model *model, struct err *err)
{
	struct worker *worker = worker_of_thread();

	if (worker->failure == NULL)
		worker->failure = lua_sandbox_call(&worker->sandbox, describe, model);
	if (worker->failure != NULL)
		return err_set(err, "%s", worker->failure);
	fill_interface(model, worker);
	return true;
}

struct lua_model *
lua_model_open(const char *path, struct err *err)
{
	struct lua_model *model = mem_new(1, sizeof(*model));

	ASSERT(loaded == NULL);
	loaded = model;
	model->path = mem_string(path);
	ASSERT(pthread_key_create(&model->worker, worker_free) == 0);
	if (file_read(path, SOURCE_BYTES_MAX, &model->source, err) && try(model, err))
		return model;
	err_context(err, "load the model");
	lua_model_close(model);
	return NULL;
}

void
lua_model_close(struct lua_model *model)
{
	if (model == NULL)
		return;
	struct worker *worker = pthread_getspecific(model->worker);
	if (worker != NULL)
		worker_free(worker);
	pthread_key_delete(model->worker);
	buf_release(&model->source);
	free(model->path);
	free(model->name);
	free(model->key);
	free(model);
	loaded = NULL;
}

const struct faultline_model *
lua_model_interface(const struct lua_model *model)
{
	return &model->interface;
}
