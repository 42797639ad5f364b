#include "harness/lua/lua_value.h"

#include "base/vec.h"

#include <lua5.4/lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum tag {
	TAG_NULL = 'n',
	TAG_FALSE = 'f',
	TAG_TRUE = 't',
	TAG_INT = 'i',
	TAG_REAL = 'r',
	TAG_STRING = 's',
	TAG_TABLE = '{'
};

/* ---- from a history ----------------------------------------------------------------- */

static void
push_list(lua_State *L, const struct faultline_value *value)
{
	lua_createtable(L, (int)value->count, 0);
	for (size_t i = 0; i < value->count; i++) {
		lua_value_push(L, &value->items[i]);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void
push_map(lua_State *L, const struct faultline_value *value)
{
	lua_createtable(L, 0, (int)(value->count / 2));
	for (size_t i = 0; i + 1 < value->count; i += 2) {
		if (value->items[i].kind == FAULTLINE_LIST ||
		    value->items[i].kind == FAULTLINE_MAP)
			luaL_error(L, "a map of the history has a list as a key");
		lua_value_push(L, &value->items[i]);
		lua_value_push(L, &value->items[i + 1]);
		lua_rawset(L, -3);
	}
}

void
lua_value_push(lua_State *L, const struct faultline_value *value)
{
	luaL_checkstack(L, 4, "a value of the history is nested too deeply");
	switch (value->kind) {
	case FAULTLINE_NIL:
		lua_pushlightuserdata(L, NULL);
		break;
	case FAULTLINE_INT:
		lua_pushinteger(L, value->number);
		break;
	case FAULTLINE_BOOL:
		lua_pushboolean(L, value->number != 0);
		break;
	case FAULTLINE_STRING:
		lua_pushlstring(L, value->text, value->count);
		break;
	case FAULTLINE_LIST:
		push_list(L, value);
		break;
	case FAULTLINE_MAP:
		push_map(L, value);
		break;
	case FAULTLINE_REAL:
		lua_pushnumber(L, value->real);
		break;
	}
}

/* ---- to bytes ----------------------------------------------------------------------- */

/* A key and its value within the bytes. */
struct entry {
	size_t at, len;
};

struct writing {
	lua_State *L;
	struct buf *bytes;
	struct err *err;
	int depth;
};

static bool write_value(struct writing *writing, int index);

static bool
write_number(struct writing *writing, int index)
{
	int is_whole;
	lua_Integer whole = lua_tointegerx(writing->L, index, &is_whole);
	lua_Number real = lua_tonumber(writing->L, index);

	if (isnan(real))
		return err_set(writing->err, "a state holds a number that is none (nan)");
	buf_u8(writing->bytes, is_whole ? TAG_INT : TAG_REAL);
	if (is_whole)
		buf_u64(writing->bytes, (uint64_t)whole);
	else
		buf_append(writing->bytes, &real, sizeof(real));
	return true;
}

static bool
write_string(struct writing *writing, int index)
{
	size_t len;
	const char *text = lua_tolstring(writing->L, index, &len);

	if (len > FAULTLINE_MODEL_STATE_BYTES)
		return err_set(writing->err, "a state holds a string of %zu bytes", len);
	buf_u8(writing->bytes, TAG_STRING);
	buf_u32(writing->bytes, (uint32_t)len);
	buf_append(writing->bytes, text, len);
	return true;
}

/* The items 1, 2, ... up to the first hole; how many in *count. */
static bool
write_items(struct writing *writing, int index, lua_Integer *count)
{
	struct buf *bytes = writing->bytes;
	size_t count_at = bytes->len;
	bool done = true;

	buf_u32(bytes, 0);
	for (*count = 0; done; ++*count) {
		if (lua_rawgeti(writing->L, index, *count + 1) == LUA_TNIL) {
			lua_pop(writing->L, 1);
			break;
		}
		done = write_value(writing, -1);
		lua_pop(writing->L, 1);
	}
	uint32_t items = (uint32_t)*count;
	memcpy(bytes->data + count_at, &items, sizeof(items));
	return done;
}

static bool
is_item(lua_State *L, int index, lua_Integer count)
{
	lua_Integer key = lua_isinteger(L, index) ? lua_tointeger(L, index) : 0;

	return key >= 1 && key <= count;
}

static int
compare_entries(const void *a, const void *b, void *context)
{
	const struct entry *x = a, *y = b;
	const char *bytes = context;
	size_t least = x->len < y->len ? x->len : y->len;
	int order = memcmp(bytes + x->at, bytes + y->at, least);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* The entries, which stand at the end of the bytes, in the order of their bytes. No key is
 * there twice, so that this is the order of the keys. */
static void
sort_entries(struct buf *bytes, struct entry *entries, size_t count)
{
	size_t from = entries[0].at, len = bytes->len - from;
	struct buf sorted = {0};

	qsort_r(entries, count, sizeof(*entries), compare_entries, bytes->data);
	for (size_t i = 0; i < count; i++)
		buf_append(&sorted, bytes->data + entries[i].at, entries[i].len);
	memcpy(bytes->data + from, sorted.data, len);
	buf_release(&sorted);
}

/* What has other keys than write_items wrote. */
static bool
write_entries(struct writing *writing, int index, lua_Integer item_count)
{
	struct buf *bytes = writing->bytes;
	size_t count_at = bytes->len;
	VEC(struct entry) entries = {0};
	bool done = true;

	buf_u32(bytes, 0);
	lua_pushnil(writing->L);
	while (done && lua_next(writing->L, index) != 0) {
		if (!is_item(writing->L, -2, item_count)) {
			struct entry entry = {.at = bytes->len};
			done = write_value(writing, -2) && write_value(writing, -1);
			entry.len = bytes->len - entry.at;
			vec_push(&entries, entry);
		}
		lua_pop(writing->L, done ? 1 : 2);
	}
	uint32_t count = (uint32_t)entries.count;
	memcpy(bytes->data + count_at, &count, sizeof(count));
	if (done && count > 1)
		sort_entries(bytes, entries.items, count);
	vec_release(&entries);
	return done;
}

static bool
write_table(struct writing *writing, int index)
{
	lua_Integer items;

	if (++writing->depth > LUA_VALUE_DEPTH_MAX || !lua_checkstack(writing->L, 8))
		return err_set(writing->err,
			       "a state has tables nested deeper than %d, or a cycle",
			       LUA_VALUE_DEPTH_MAX);
	index = lua_absindex(writing->L, index);
	buf_u8(writing->bytes, TAG_TABLE);
	bool done = write_items(writing, index, &items) &&
		    write_entries(writing, index, items);
	writing->depth--;
	return done;
}

static bool
write_value(struct writing *writing, int index)
{
	lua_State *L = writing->L;

	if (writing->bytes->len > FAULTLINE_MODEL_STATE_BYTES)
		return err_set(writing->err, "a state has more than %d bytes",
			       FAULTLINE_MODEL_STATE_BYTES);
	switch (lua_type(L, index)) {
	case LUA_TLIGHTUSERDATA:
		buf_u8(writing->bytes, TAG_NULL);
		return true;
	case LUA_TBOOLEAN:
		buf_u8(writing->bytes, lua_toboolean(L, index) ? TAG_TRUE : TAG_FALSE);
		return true;
	case LUA_TNUMBER:
		return write_number(writing, index);
	case LUA_TSTRING:
		return write_string(writing, index);
	case LUA_TTABLE:
		return write_table(writing, index);
	default:
		return err_set(writing->err,
			       "a state holds a %s, and can hold numbers, strings, "
			       "booleans, tables and null",
			       lua_typename(L, lua_type(L, index)));
	}
}

bool
lua_value_write(lua_State *L, int index, struct buf *bytes, struct err *err)
{
	struct writing writing = {.L = L, .bytes = bytes, .err = err};

	return write_value(&writing, index);
}

/* ---- from bytes --------------------------------------------------------------------- */

static uint32_t
take_count(struct bytes *bytes)
{
	uint32_t count = 0;

	bytes_u32(bytes, &count);
	return count;
}

static void read_value(lua_State *L, struct bytes *bytes);

static void
read_table(lua_State *L, struct bytes *bytes)
{
	uint32_t items = take_count(bytes);

	lua_createtable(L, (int)items, 0);
	for (uint32_t i = 0; i < items; i++) {
		read_value(L, bytes);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	for (uint32_t entries = take_count(bytes); entries > 0; entries--) {
		read_value(L, bytes);
		read_value(L, bytes);
		lua_rawset(L, -3);
	}
}

static void
read_number(lua_State *L, struct bytes *bytes, bool is_whole)
{
	uint64_t word = 0;
	lua_Number real;

	bytes_u64(bytes, &word);
	memcpy(&real, &word, sizeof(real));
	if (is_whole)
		lua_pushinteger(L, (lua_Integer)word);
	else
		lua_pushnumber(L, real);
}

static void
read_string(lua_State *L, struct bytes *bytes)
{
	struct bytes text = {0};

	bytes_take(bytes, take_count(bytes), &text);
	lua_pushlstring(L, text.data, text.len);
}

static void
read_value(lua_State *L, struct bytes *bytes)
{
	uint8_t tag = TAG_NULL;

	luaL_checkstack(L, 4, "a state is nested too deeply");
	bytes_u8(bytes, &tag);
	switch ((enum tag)tag) {
	case TAG_NULL:
		lua_pushlightuserdata(L, NULL);
		break;
	case TAG_FALSE:
	case TAG_TRUE:
		lua_pushboolean(L, tag == TAG_TRUE);
		break;
	case TAG_INT:
	case TAG_REAL:
		read_number(L, bytes, tag == TAG_INT);
		break;
	case TAG_STRING:
		read_string(L, bytes);
		break;
	case TAG_TABLE:
		read_table(L, bytes);
		break;
	}
}

void
lua_value_read(lua_State *L, struct bytes bytes)
{
	read_value(L, &bytes);
}
