#include "reference/service/kv.h"

#include "base/assert.h"
#include "reference/service/kv_state.h"
#include "reference/service/resp.h"

#include <string.h>

/* What a command works on: its words and where the reply goes. */
struct request {
	struct service *kv;
	const struct bytes *argv;
	size_t argc;
	struct buf *reply;
};

/* Whether this much more fits; else the reply says that it does not. */
static bool
fits(struct request *r, uint64_t more)
{
	if (r->kv->bytes + more <= KV_BYTES_MAX)
		return true;
	resp_error(r->reply, "OOM the store holds its limit of %d bytes", KV_BYTES_MAX);
	return false;
}

/* The value at the request's key if it has the type; *missing when there is none. False:
 * another type, and the reply says so. */
static bool
typed(struct request *r, enum kv_type type, struct kv_value **value)
{
	*value = kv_find(r->kv, r->argv[1]);
	if (*value == NULL || (*value)->type == type)
		return true;
	resp_error(r->reply,
		   "WRONGTYPE Operation against a key holding the wrong kind of value");
	return false;
}

/* As `typed`, but a missing value is made. */
static bool
typed_or_new(struct request *r, enum kv_type type, struct kv_value **value)
{
	if (!typed(r, type, value))
		return false;
	if (*value == NULL) {
		*value = kv_value_new(type);
		kv_put(r->kv, r->argv[1], *value);
	}
	return true;
}

/* Bytes that the words from `first` on would take as items of a value. */
static uint64_t
items_bytes(const struct request *r, size_t first)
{
	uint64_t bytes = r->argv[1].len + KV_ITEM_BYTES;

	for (size_t i = first; i < r->argc; i++)
		bytes += r->argv[i].len + KV_ITEM_BYTES;
	return bytes;
}

static void
put_string(struct service *kv, struct bytes key, struct bytes string)
{
	struct kv_value *value = kv_value_new(KV_STRING);

	kv_value_append(value, string);
	kv_put(kv, key, value);
}

static bool
string_is(const struct kv_value *value, struct bytes string)
{
	return value->string.len == string.len &&
	       memcmp(buf_text(&value->string), string.data, string.len) == 0;
}

/* ---- commands --------------------------------------------------------------------- */

static void
run_ping(struct request *r)
{
	if (r->argc == 1)
		resp_simple(r->reply, "PONG");
	else
		resp_bulk(r->reply, r->argv[1]);
}

static void
run_echo(struct request *r)
{
	resp_bulk(r->reply, r->argv[1]);
}

static void
run_get(struct request *r)
{
	struct kv_value *value;

	if (!typed(r, KV_STRING, &value))
		return;
	if (value == NULL)
		resp_nil(r->reply);
	else
		resp_bulk(r->reply, buf_bytes(&value->string));
}

static void
run_set(struct request *r)
{
	bool there = kv_find(r->kv, r->argv[1]) != NULL;
	bool nx = r->argc == 4 && resp_word_is(r->argv[3], "NX");
	bool xx = r->argc == 4 && resp_word_is(r->argv[3], "XX");

	if (r->argc == 4 && !nx && !xx) {
		resp_error(r->reply, "ERR syntax error");
	} else if ((nx && there) || (xx && !there)) {
		resp_nil(r->reply);
	} else if (fits(r, items_bytes(r, 2))) {
		put_string(r->kv, r->argv[1], r->argv[2]);
		resp_simple(r->reply, "OK");
	}
}

static void
run_cas(struct request *r)
{
	struct kv_value *value;

	if (!typed(r, KV_STRING, &value))
		return;
	bool matches = value != NULL && string_is(value, r->argv[2]);
	if (matches && !fits(r, r->argv[3].len))
		return;
	if (matches)
		put_string(r->kv, r->argv[1], r->argv[3]);
	resp_integer(r->reply, matches);
}

static void
run_append(struct request *r)
{
	struct kv_value *value;
	struct bytes more = r->argv[2];

	if (!typed(r, KV_STRING, &value) || !fits(r, items_bytes(r, 2)))
		return;
	if (value != NULL && value->string.len + more.len > KV_VALUE_BYTES_MAX) {
		resp_error(r->reply, "ERR string exceeds maximum allowed size (%d bytes)",
			   KV_VALUE_BYTES_MAX);
		return;
	}
	typed_or_new(r, KV_STRING, &value);
	kv_value_append(value, more);
	r->kv->bytes += more.len;
	resp_integer(r->reply, (int64_t)value->string.len);
}

static void
run_strlen(struct request *r)
{
	struct kv_value *value;

	if (typed(r, KV_STRING, &value))
		resp_integer(r->reply, value ? (int64_t)value->string.len : 0);
}

static void
add_number(struct request *r, int64_t more)
{
	struct kv_value *value;
	int64_t number = 0;
	struct buf text = {0};

	if (!typed(r, KV_STRING, &value) || !fits(r, items_bytes(r, 2)))
		return;
	if (value != NULL && !resp_number(buf_bytes(&value->string), &number)) {
		resp_error(r->reply, "ERR value is not an integer or out of range");
	} else if (__builtin_add_overflow(number, more, &number)) {
		resp_error(r->reply, "ERR increment or decrement would overflow");
	} else {
		buf_printf(&text, "%lld", (long long)number);
		put_string(r->kv, r->argv[1], buf_bytes(&text));
		resp_integer(r->reply, number);
	}
	buf_release(&text);
}

static void
run_incr(struct request *r)
{
	add_number(r, 1);
}

static void
run_decr(struct request *r)
{
	add_number(r, -1);
}

static void
run_incrby(struct request *r)
{
	int64_t more;

	if (resp_number(r->argv[2], &more))
		add_number(r, more);
	else
		resp_error(r->reply, "ERR value is not an integer or out of range");
}

static void
run_exists(struct request *r)
{
	int64_t count = 0;

	for (size_t i = 1; i < r->argc; i++)
		count += kv_find(r->kv, r->argv[i]) != NULL;
	resp_integer(r->reply, count);
}

static void
run_del(struct request *r)
{
	int64_t count = 0;

	for (size_t i = 1; i < r->argc; i++)
		count += kv_drop(r->kv, r->argv[i]);
	resp_integer(r->reply, count);
}

static void
run_sadd(struct request *r)
{
	struct kv_value *value;
	int64_t count = 0;

	if (!typed(r, KV_SET, &value) || !fits(r, items_bytes(r, 2)) ||
	    !typed_or_new(r, KV_SET, &value))
		return;
	uint64_t before = value->bytes;
	for (size_t i = 2; i < r->argc; i++)
		count += kv_value_set_add(value, r->argv[i]);
	r->kv->bytes += value->bytes - before;
	resp_integer(r->reply, count);
}

static void
run_srem(struct request *r)
{
	struct kv_value *value;
	int64_t count = 0;

	if (!typed(r, KV_SET, &value))
		return;
	uint64_t before = value ? value->bytes : 0;
	for (size_t i = 2; value != NULL && i < r->argc; i++)
		count += kv_value_set_remove(value, r->argv[i]);
	if (value != NULL)
		r->kv->bytes -= before - value->bytes;
	if (value != NULL && value->set.entries.count == 0)
		kv_drop(r->kv, r->argv[1]);
	resp_integer(r->reply, count);
}

static void
run_sismember(struct request *r)
{
	struct kv_value *value;

	if (typed(r, KV_SET, &value))
		resp_integer(r->reply,
			     value && dict_find(&value->set, r->argv[2]) != NULL);
}

static void
run_smembers(struct request *r)
{
	struct kv_value *value;

	if (!typed(r, KV_SET, &value))
		return;
	resp_array(r->reply, value ? value->set.entries.count : 0);
	if (value != NULL)
		vec_each (struct dict_entry, entry, &value->set.entries)
			resp_bulk(r->reply, entry->key);
}

static void
run_scard(struct request *r)
{
	struct kv_value *value;

	if (typed(r, KV_SET, &value))
		resp_integer(r->reply, value ? (int64_t)value->set.entries.count : 0);
}

static void
run_rpush(struct request *r)
{
	struct kv_value *value;

	if (!typed(r, KV_LIST, &value) || !fits(r, items_bytes(r, 2)) ||
	    !typed_or_new(r, KV_LIST, &value))
		return;
	uint64_t before = value->bytes;
	for (size_t i = 2; i < r->argc; i++)
		kv_value_push(value, r->argv[i]);
	r->kv->bytes += value->bytes - before;
	resp_integer(r->reply, (int64_t)value->list.count);
}

static void
run_llen(struct request *r)
{
	struct kv_value *value;

	if (typed(r, KV_LIST, &value))
		resp_integer(r->reply, value ? (int64_t)value->list.count : 0);
}

/* A position as Redis counts: negative from the end; before the start is the start. */
static int64_t
position(int64_t asked, int64_t count)
{
	if (asked < -count)
		return 0;
	return asked < 0 ? asked + count : asked;
}

static void
run_lrange(struct request *r)
{
	struct kv_value *value;
	int64_t first, last;

	if (!typed(r, KV_LIST, &value))
		return;
	if (!resp_number(r->argv[2], &first) || !resp_number(r->argv[3], &last)) {
		resp_error(r->reply, "ERR value is not an integer or out of range");
		return;
	}
	int64_t count = value ? (int64_t)value->list.count : 0;
	bool before_start = last < -count;
	first = position(first, count);
	last = position(last, count);
	if (last >= count)
		last = count - 1;
	if (before_start || first > last) {
		resp_array(r->reply, 0);
		return;
	}
	resp_array(r->reply, (size_t)(last - first + 1));
	for (int64_t i = first; i <= last; i++)
		resp_bulk(r->reply, value->list.items[i]);
}

static void
run_dbsize(struct request *r)
{
	resp_integer(r->reply, (int64_t)r->kv->keys.entries.count);
}

/* ---- the table -------------------------------------------------------------------- */

static const struct command {
	const char *name;
	size_t argc_min, argc_max; /* with the name */
	enum command_class class;
	void (*run)(struct request *r);
} commands[] = {
	{"GET", 2, 2, COMMAND_READ, run_get},
	{"SET", 3, 4, COMMAND_WRITE, run_set},
	{"CAS", 4, 4, COMMAND_WRITE, run_cas},
	{"PING", 1, 2, COMMAND_LOCAL, run_ping},
	{"ECHO", 2, 2, COMMAND_LOCAL, run_echo},
	{"APPEND", 3, 3, COMMAND_WRITE, run_append},
	{"STRLEN", 2, 2, COMMAND_READ, run_strlen},
	{"INCR", 2, 2, COMMAND_WRITE, run_incr},
	{"DECR", 2, 2, COMMAND_WRITE, run_decr},
	{"INCRBY", 3, 3, COMMAND_WRITE, run_incrby},
	{"EXISTS", 2, RESP_ARGS_MAX, COMMAND_READ, run_exists},
	{"DEL", 2, RESP_ARGS_MAX, COMMAND_WRITE, run_del},
	{"SADD", 3, RESP_ARGS_MAX, COMMAND_WRITE, run_sadd},
	{"SREM", 3, RESP_ARGS_MAX, COMMAND_WRITE, run_srem},
	{"SISMEMBER", 3, 3, COMMAND_READ, run_sismember},
	{"SMEMBERS", 2, 2, COMMAND_READ, run_smembers},
	{"SCARD", 2, 2, COMMAND_READ, run_scard},
	{"RPUSH", 3, RESP_ARGS_MAX, COMMAND_WRITE, run_rpush},
	{"LLEN", 2, 2, COMMAND_READ, run_llen},
	{"LRANGE", 4, 4, COMMAND_READ, run_lrange},
	{"DBSIZE", 1, 1, COMMAND_READ, run_dbsize},
};

static const struct command *
command_of(const struct bytes *argv, size_t argc)
{
	for (size_t i = 0; argc > 0 && i < sizeof(commands) / sizeof(*commands); i++)
		if (resp_word_is(argv[0], commands[i].name))
			return &commands[i];
	return NULL;
}

static bool
lengths_fit(const struct bytes *argv, size_t argc)
{
	if (argc > 1 && argv[1].len > KV_KEY_BYTES_MAX)
		return false;
	for (size_t i = 2; i < argc; i++)
		if (argv[i].len > KV_VALUE_BYTES_MAX)
			return false;
	return true;
}

static enum command_class
kv_classify(const struct bytes *argv, size_t argc)
{
	const struct command *command = command_of(argv, argc);

	if (command == NULL)
		return COMMAND_UNKNOWN;
	if (argc < command->argc_min || argc > command->argc_max)
		return COMMAND_BAD;
	return command->class == COMMAND_LOCAL || lengths_fit(argv, argc) ? command->class
									  : COMMAND_BAD;
}

static void
refuse(const struct bytes *argv, size_t argc, struct buf *reply)
{
	const struct command *command = command_of(argv, argc);
	int length = argc > 0 && argv[0].len < 128 ? (int)argv[0].len : 0;

	if (command == NULL)
		resp_error(reply, "ERR unknown command '%.*s'", length,
			   argc > 0 ? argv[0].data : "");
	else if (argc < command->argc_min || argc > command->argc_max)
		resp_error(reply, "ERR wrong number of arguments for '%s' command",
			   command->name);
	else
		resp_error(reply, "ERR a key has at most %d bytes, a value %d",
			   KV_KEY_BYTES_MAX, KV_VALUE_BYTES_MAX);
}

static void
kv_apply(struct service *kv, const struct bytes *argv, size_t argc, struct buf *reply)
{
	if (kv_classify(argv, argc) <= COMMAND_BAD) {
		refuse(argv, argc, reply);
		return;
	}
	command_of(argv, argc)->run(&(struct request){kv, argv, argc, reply});
}

const struct service_kind service_kv = {
	.name = "kv",
	.summary = "keys that hold strings, sets or lists, with the commands of Redis",
	.open = kv_open,
	.classify = kv_classify,
	.apply = kv_apply,
	.snapshot = kv_snapshot,
	.restore = kv_restore,
	.hash = kv_hash,
	.close = kv_close,
};
