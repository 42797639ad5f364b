/* lua_value.h - values of a history to Lua, and Lua values to canonical bytes and back.
 *
 * Nil of a history is `null` in Lua (a light userdata), since a table cannot hold nil. Two
 * Lua values have the same bytes exactly when they are the same by content: the order in
 * which a table was filled does not matter, and 3.0 is 3. */
#ifndef HARNESS_LUA_VALUE_H
#define HARNESS_LUA_VALUE_H

#include "base/buf.h"
#include "base/err.h"
#include "include/faultline-model.h"

#include <lua5.4/lua.h>

enum {
	LUA_VALUE_DEPTH_MAX = 64
};

/* Pushes the value. Raises an error of Lua for what it cannot hold (a map whose key is a
 * list), and when memory runs out. */
void lua_value_push(lua_State *L, const struct faultline_value *value);

/* Appends the bytes of the value at `index`. False: it holds a function, a cycle, is too
 * deep or larger than FAULTLINE_MODEL_STATE_BYTES. Raises no error of Lua. */
bool lua_value_write(lua_State *L, int index, struct buf *bytes, struct err *err);

/* Pushes the value of bytes that lua_value_write made. Raises when memory runs out. */
void lua_value_read(lua_State *L, struct bytes bytes);

#endif
