#include "reference/service/kv.h"

#include "base/assert.h"
#include "reference/service/kv_value.h"
#include "reference/service/resp.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

struct service {
	struct dict keys; /* values: struct kv_value, owned */
	uint64_t bytes;	  /* of all keys and values, for KV_BYTES_MAX */
};

/* What a command works on: its words and where the reply goes. */
struct request {
	struct service *kv;
	const struct bytes *argv;
	size_t argc;
	struct buf *reply;
};

/* ---- keys ------------------------------------------------------------------------- */

static struct kv_value *
find(const struct service *kv, struct bytes key)
{
	struct dict_entry *entry = dict_find(&kv->keys, key);

	return entry != NULL ? entry->value : NULL;
}

/* Puts a value at the key in place of what was there; the value is owned from then on. */
static void
put(struct service *kv, struct bytes key, struct kv_value *value)
{
	bool is_new;
	struct dict_entry *entry = dict_add(&kv->keys, key, &is_new);
	struct kv_value *old = entry->value;

	if (is_new)
		kv->bytes += key.len + KV_ITEM_BYTES;
	else
		kv->bytes -= old->bytes;
	kv->bytes += value->bytes;
	entry->value = value;
	kv_value_free(old);
}

static bool
drop(struct service *kv, struct bytes key)
{
	struct dict_entry *entry = dict_find(&kv->keys, key);

	if (entry == NULL)
		return false;
	struct kv_value *value = entry->value;
	kv->bytes -= value->bytes + key.len + KV_ITEM_BYTES;
	dict_remove(&kv->keys, entry);
	kv_value_free(value);
	return true;
}

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
	*value = find(r->kv, r->argv[1]);
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
		put(r->kv, r->argv[1], *value);
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
	put(kv, key, value);
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
	bool there = find(r->kv, r->argv[1]) != NULL;
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
		count += find(r->kv, r->argv[i]) != NULL;
	resp_integer(r->reply, count);
}

static void
run_del(struct request *r)
{
	int64_t count = 0;

	for (size_t i = 1; i < r->argc; i++)
		count += drop(r->kv, r->argv[i]);
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
		drop(r->kv, r->argv[1]);
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

/* ---- the whole state -------------------------------------------------------------- */

static struct service *
kv_open(void)
{
	return mem_new(1, sizeof(struct service));
}

static void
empty(struct service *kv)
{
	vec_each (struct dict_entry, entry, &kv->keys.entries)
		kv_value_free(entry->value);
	dict_release(&kv->keys);
	kv->bytes = 0;
}

static void
kv_close(struct service *kv)
{
	if (kv == NULL)
		return;
	empty(kv);
	free(kv);
}

static void
kv_snapshot(const struct service *kv, struct buf *out)
{
	buf_string(out, "kv1\n");
	buf_u64(out, kv->keys.entries.count);
	vec_each (struct dict_entry, entry, &kv->keys.entries) {
		buf_u32(out, (uint32_t)entry->key.len);
		buf_append(out, entry->key.data, entry->key.len);
		kv_value_encode(entry->value, out);
	}
}

static bool
decode_key(struct service *kv, struct bytes *in)
{
	uint32_t length;
	struct bytes key;

	if (!bytes_u32(in, &length) || !bytes_take(in, length, &key) ||
	    find(kv, key) != NULL)
		return false;
	struct kv_value *value = kv_value_decode(in);
	if (value != NULL)
		put(kv, key, value);
	return value != NULL;
}

static bool
decode(struct service *kv, struct bytes in)
{
	struct bytes magic;
	uint64_t count;

	if (!bytes_take(&in, 4, &magic) || memcmp(magic.data, "kv1\n", 4) != 0 ||
	    !bytes_u64(&in, &count))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!decode_key(kv, &in))
			return false;
	return in.len == 0;
}

static bool
kv_restore(struct service *kv, struct bytes snapshot, struct err *err)
{
	struct service fresh = {0};

	if (!decode(&fresh, snapshot)) {
		empty(&fresh);
		return err_set(err,
			       "restore key-value state: the %zu bytes are no snapshot",
			       snapshot.len);
	}
	empty(kv);
	*kv = fresh;
	return true;
}

static uint64_t
kv_hash(const struct service *kv)
{
	uint64_t sum = kv->keys.entries.count;

	vec_each (struct dict_entry, entry, &kv->keys.entries) {
		uint64_t pair[2] = {entry->hash, kv_value_hash(entry->value)};
		sum += XXH3_64bits(pair, sizeof(pair));
	}
	return sum;
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
