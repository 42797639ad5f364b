#include "harness/lua/lua_sandbox.h"

#include "base/assert.h"
#include "base/mem.h"

#include <lua5.4/lauxlib.h>
#include <lua5.4/lualib.h>
#include <stdlib.h>

/* Loops of C code are no instructions, so those that can be endless go: table.move, whose
 * bounds are any numbers, and patterns, whose search can be exponential. Of a finalizer's
 * errors and time nobody would hear: without setmetatable there is none. */
static const char *const forbidden[][2] = {
	{"_G", "collectgarbage"}, {"_G", "dofile"},    {"_G", "getmetatable"},
	{"_G", "load"},		  {"_G", "loadfile"},  {"_G", "pcall"},
	{"_G", "print"},	  {"_G", "rawset"},    {"_G", "setmetatable"},
	{"_G", "warn"},		  {"_G", "xpcall"},    {"math", "random"},
	{"math", "randomseed"},	  {"string", "dump"},  {"string", "gmatch"},
	{"string", "gsub"},	  {"string", "match"}, {"table", "move"},
};

/* What depends on addresses elsewhere follows the order of keys here, or is refused. */
static const char prelude[] =
	"local type, next_any, sort, error = type, next, table.sort, error\n"
	"local tostring_any, format_any, select = tostring, string.format, select\n"
	"local function before(a, b)\n"
	"  local x, y = type(a), type(b)\n"
	"  if x ~= y then return x < y end\n"
	"  if x == 'boolean' then return b and not a end\n"
	"  return a < b\n"
	"end\n"
	"local function keys_of(t)\n"
	"  local keys, n = {}, 0\n"
	"  for k in next_any, t do n = n + 1; keys[n] = k end\n"
	"  sort(keys, before)\n"
	"  return keys\n"
	"end\n"
	"function pairs(t)\n"
	"  local keys, i = keys_of(t), 0\n"
	"  return function()\n"
	"    local k\n"
	"    repeat i = i + 1; k = keys[i] until k == nil or t[k] ~= nil\n"
	"    return k, t[k]\n"
	"  end\n"
	"end\n"
	"function next(t, after)\n"
	"  local least\n"
	"  for k in next_any, t do\n"
	"    if (after == nil or before(after, k)) and (least == nil or before(k, "
	"least)) then\n"
	"      least = k\n"
	"    end\n"
	"  end\n"
	"  return least, t[least]\n"
	"end\n"
	"local function refuse(v)\n"
	"  if type(v) == 'table' or type(v) == 'function' then\n"
	"    error('a ' .. type(v) .. ' has no text', 3)\n"
	"  end\n"
	"  return v == null and 'null' or v\n"
	"end\n"
	"function tostring(v) return tostring_any(refuse(v)) end\n"
	"local find_any = string.find\n"
	"function string.find(text, part, from) return find_any(text, part, from, true) "
	"end\n"
	"function string.format(form, ...)\n"
	"  for i = 1, select('#', ...) do refuse((select(i, ...))) end\n"
	"  return format_any(form, ...)\n"
	"end\n";

static void *
allocate(void *context, void *memory, size_t old_bytes, size_t bytes)
{
	struct lua_sandbox *sandbox = context;
	size_t had = memory != NULL ? old_bytes : 0;

	if (bytes == 0) {
		free(memory);
		sandbox->bytes -= had;
		return NULL;
	}
	if (sandbox->bytes - had + bytes > sandbox->bytes_max)
		return NULL;
	void *new = realloc(memory, bytes);
	if (new != NULL)
		sandbox->bytes += bytes - had;
	return new;
}

static int
furnish(lua_State *L)
{
	static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
					     {LUA_STRLIBNAME, luaopen_string},
					     {LUA_TABLIBNAME, luaopen_table},
					     {LUA_MATHLIBNAME, luaopen_math},
					     {LUA_UTF8LIBNAME, luaopen_utf8}};

	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].func, 1);
		lua_pop(L, 1);
	}
	lua_pushlightuserdata(L, NULL);
	lua_setglobal(L, "null");
	if (luaL_loadbufferx(L, prelude, sizeof(prelude) - 1, "=sandbox", "t") != LUA_OK)
		lua_error(L);
	lua_call(L, 0, 0);
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		lua_getglobal(L, forbidden[i][0]);
		lua_pushnil(L);
		lua_setfield(L, -2, forbidden[i][1]);
		lua_pop(L, 1);
	}
	return 0;
}

void
lua_sandbox_open(struct lua_sandbox *sandbox, size_t bytes_max)
{
	*sandbox = (struct lua_sandbox){.bytes_max = bytes_max};
	sandbox->L = lua_newstate(allocate, sandbox);
	char *error =
		sandbox->L != NULL ? lua_sandbox_call(sandbox, furnish, NULL) : NULL;
	if (error == NULL)
		return;
	free(error);
	lua_sandbox_close(sandbox);
}

void
lua_sandbox_close(struct lua_sandbox *sandbox)
{
	if (sandbox->L != NULL)
		lua_close(sandbox->L);
	sandbox->L = NULL;
}

static void
end_it(lua_State *L, lua_Debug *debug)
{
	(void)debug;
	luaL_where(L, 0);
	lua_pushfstring(L, "it ran for more than %d instructions",
			LUA_SANDBOX_INSTRUCTIONS_MAX);
	lua_concat(L, 2);
	lua_error(L);
}

static char *
sentence(const struct lua_sandbox *sandbox, int status)
{
	const char *text = lua_type(sandbox->L, -1) == LUA_TSTRING
				   ? lua_tostring(sandbox->L, -1)
				   : NULL;

	if (status == LUA_ERRMEM)
		return mem_format("it needs more than %zu MB of memory",
				  sandbox->bytes_max >> 20);
	return mem_string(text != NULL ? text : "it raised an error that is no text");
}

char *
lua_sandbox_call(struct lua_sandbox *sandbox, lua_CFunction function, void *context)
{
	lua_State *L = sandbox->L;
	char *error = NULL;

	lua_sethook(L, end_it, LUA_MASKCOUNT, LUA_SANDBOX_INSTRUCTIONS_MAX);
	lua_pushcfunction(L, function);
	lua_pushlightuserdata(L, context);
	int status = lua_pcall(L, 1, 0, 0);
	if (status != LUA_OK) {
		error = sentence(sandbox, status);
		lua_settop(L, 0);
	}
	return error;
}
