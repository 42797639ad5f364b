/* lua_sandbox.h - a Lua state in which only calculation is possible.
 *
 * There is no I/O, no time, no chance, no loading of code and no catching of errors. What
 * is left gives the same answers in every run and on every machine: pairs and next follow
 * the order of keys, tostring and string.format refuse what has only an address; string.find
 * finds plain text, and there are no patterns. The memory is bounded, and lua_sandbox_call
 * ends what runs too long. */
#ifndef HARNESS_LUA_SANDBOX_H
#define HARNESS_LUA_SANDBOX_H

#include <lua5.4/lua.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	LUA_SANDBOX_INSTRUCTIONS_MAX = 10 * 1000 * 1000
};

struct lua_sandbox {
	lua_State *L; /* owned; NULL: there was not even memory for that */
	size_t bytes, bytes_max;
};

void lua_sandbox_open(struct lua_sandbox *sandbox, size_t bytes_max);
void lua_sandbox_close(struct lua_sandbox *sandbox);

/* Calls `function` with `context` as a light userdata; what it raises is the sentence that
 * is returned, to be freed; NULL: nothing was raised. */
char *lua_sandbox_call(struct lua_sandbox *sandbox, lua_CFunction function,
		       void *context);

#endif
