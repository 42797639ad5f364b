/* lua_model.h - a user's model as a Lua table, worked with as a struct faultline_model.
 *
 *	return {
 *	  name = "register",
 *	  init = function(initial) return initial end,
 *	  step = function(state, op) ... return new_state end, -- nil: it is not possible
 *	}
 *
 * The file is run once for each thread, in a sandbox (harness/lua/lua_sandbox.h). A state is
 * kept as its canonical bytes and made anew for each step, so that a step may change the
 * state it was given. Memory and time of a step are bounded. What goes wrong is said with
 * file and line, and is the reason why the check is unknown. */
#ifndef HARNESS_LUA_MODEL_H
#define HARNESS_LUA_MODEL_H

#include "base/err.h"
#include "include/faultline-model.h"

struct lua_model;

/* Whether the path names a Lua file. */
bool lua_model_is_file(const char *path);

/* Loads the file. At most one model is open at a time: the functions of struct
 * faultline_model do not say whose they are. */
struct lua_model *lua_model_open(const char *path, struct err *err);

/* When no other thread works with it any more. NULL is fine. */
void lua_model_close(struct lua_model *model);

const struct faultline_model *lua_model_interface(const struct lua_model *model);

#endif
