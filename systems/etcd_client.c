/* The client of etcd: a register is the key r/KEY with the number in decimal; an element
 * of the set is a key s/ELEMENT of its own. All reads are linearizable (etcd's default).
 */
#include "base/mem.h"
#include "harness/hosts/host.h"
#include "systems/base64.h"
#include "systems/etcd_gateway.h"
#include "systems/etcd_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct client {
	struct gateway *gateway; /* owned */
	struct buf body;
};

struct client *
etcd_client_new(const char *address, int port)
{
	struct client *client = mem_new(1, sizeof(*client));

	client->gateway = gateway_new(address, port);
	return client;
}

struct client *
etcd_client_open(struct cluster *cluster, int node, int timeout_ms, struct err *err)
{
	const struct etcd *etcd = cluster->state;

	(void)timeout_ms, (void)err; /* the first request connects */
	return etcd_client_new(cluster->hosts[node]->address, (int)etcd->port);
}

void
etcd_client_close(struct client *client)
{
	gateway_free(client->gateway);
	buf_release(&client->body);
	free(client);
}

/* ---- bodies ---- */

static void
add_text(const struct values *values, val v, struct buf *out)
{
	if (val_kind(v) == VAL_INT) {
		buf_printf(out, "%" PRId64, val_number(values, v));
	} else if (val_kind(v) == VAL_STRING) {
		struct bytes text = val_text(values, v);
		buf_append(out, text.data, text.len);
	} else {
		val_print(values, v, out);
	}
}

/* Appends "NAME":"BASE64 of prefix and value". */
static void
add_field(struct client *client, const char *name, const char *prefix,
	  const struct values *values, val v)
{
	struct buf text = {0};

	buf_string(&text, prefix);
	if (val_kind(v) != VAL_NIL)
		add_text(values, v, &text);
	buf_printf(&client->body, "\"%s\":\"", name);
	base64_encode(&client->body, buf_bytes(&text));
	buf_char(&client->body, '"');
	buf_release(&text);
}

static void
write_put(struct client *client, const struct call *call, val value)
{
	buf_char(&client->body, '{');
	add_field(client, "key", "r/", call->values, call->key);
	buf_char(&client->body, ',');
	add_field(client, "value", "", call->values, value);
	buf_char(&client->body, '}');
}

static void
write_cas(struct client *client, const struct call *call)
{
	val expected = val_at(call->values, call->input, 0);

	buf_string(&client->body, "{\"compare\":[{");
	add_field(client, "key", "r/", call->values, call->key);
	if (val_kind(expected) == VAL_NIL) {
		buf_string(&client->body,
			   ",\"target\":\"CREATE\",\"create_revision\":\"0\"");
	} else {
		buf_string(&client->body, ",\"target\":\"VALUE\",");
		add_field(client, "value", "", call->values, expected);
	}
	buf_string(&client->body,
		   ",\"result\":\"EQUAL\"}],\"success\":[{\"request_put\":");
	write_put(client, call, val_at(call->values, call->input, 1));
	buf_string(&client->body, "}]}");
}

/* ---- answers ---- */

static void
conclude(struct call *call, enum op_type type, const char *error)
{
	call->type = type;
	snprintf(call->error, sizeof(call->error), "%s", error);
}

/* Asks; when there is no answer the call is concluded and NULL is returned. What changes
 * nothing fails when its outcome is unknown: it had no effect either way. */
static json_t *
ask(struct client *client, struct call *call, const char *path, bool changes)
{
	json_t *answer;
	struct err err;
	enum gateway_outcome outcome =
		gateway_ask(client->gateway, path, buf_text(&client->body),
			    call->timeout_ms, &answer, &err);

	if (outcome != GATEWAY_DONE)
		conclude(call, changes && outcome == GATEWAY_UNKNOWN ? OP_INFO : OP_FAIL,
			 err.text);
	return answer;
}

/* A number, or else the text as it is. */
static val
value_of(struct values *values, const char *text)
{
	int64_t number;
	struct err ignored;

	return text_int(text, INT64_MIN, INT64_MAX, &number, &ignored)
		       ? val_int(values, number)
		       : val_string(values, text);
}

static bool
decode(const json_t *pair, const char *field, struct buf *text)
{
	const char *coded = json_string_value(json_object_get(pair, field));

	buf_clear(text);
	return coded != NULL && base64_decode(text, coded);
}

static void
read_register(struct client *client, struct call *call)
{
	struct buf text = {0};

	buf_char(&client->body, '{');
	add_field(client, "key", "r/", call->values, call->key);
	buf_char(&client->body, '}');
	json_t *answer = ask(client, call, "/v3/kv/range", false);
	if (answer == NULL)
		return;
	const json_t *pair = json_array_get(json_object_get(answer, "kvs"), 0);
	conclude(call, OP_OK, "");
	if (pair == NULL)
		call->output = VAL_OF_NIL;
	else if (decode(pair, "value", &text))
		call->output = value_of(call->values, buf_text(&text));
	else
		conclude(call, OP_FAIL, "the answer has no value");
	json_decref(answer);
	buf_release(&text);
}

static void
list_elements(const json_t *pairs, struct call *call)
{
	VEC(val) items = {0};
	struct buf key = {0};
	size_t i;
	json_t *pair;

	conclude(call, OP_OK, "");
	json_array_foreach(pairs, i, pair)
	{
		if (decode(pair, "key", &key) && strncmp(buf_text(&key), "s/", 2) == 0)
			vec_push(&items, value_of(call->values, buf_text(&key) + 2));
		else
			conclude(call, OP_FAIL,
				 "the answer has a key that is no element");
	}
	if (call->type == OP_OK)
		call->output = val_list(call->values, items.items, items.count);
	vec_release(&items);
	buf_release(&key);
}

static void
read_set(struct client *client, struct call *call)
{
	buf_char(&client->body, '{');
	add_field(client, "key", "s/", call->values, VAL_OF_NIL);
	buf_char(&client->body, ',');
	add_field(client, "range_end", "s0", call->values,
		  VAL_OF_NIL); /* '0' follows '/' */
	buf_string(&client->body, ",\"keys_only\":true}");
	json_t *answer = ask(client, call, "/v3/kv/range", false);
	if (answer == NULL)
		return;
	list_elements(json_object_get(answer, "kvs"), call);
	json_decref(answer);
}

static void
put(struct client *client, struct call *call)
{
	json_t *answer = ask(client, call, "/v3/kv/put", true);

	if (answer == NULL)
		return;
	conclude(call, OP_OK, "");
	json_decref(answer);
}

static void
write_register(struct client *client, struct call *call)
{
	write_put(client, call, call->input);
	put(client, call);
}

static void
add_element(struct client *client, struct call *call)
{
	buf_char(&client->body, '{');
	add_field(client, "key", "s/", call->values, call->input);
	buf_string(&client->body, ",\"value\":\"\"}");
	put(client, call);
}

static void
compare_and_set(struct client *client, struct call *call)
{
	if (val_kind(call->input) != VAL_LIST ||
	    val_count(call->values, call->input) != 2) {
		conclude(call, OP_FAIL, "the input is not [expected new]");
		return;
	}
	write_cas(client, call);
	json_t *answer = ask(client, call, "/v3/kv/txn", true);
	if (answer == NULL)
		return;
	/* What is false is left out of the JSON. */
	if (json_is_true(json_object_get(answer, "succeeded")))
		conclude(call, OP_OK, "");
	else
		conclude(call, OP_FAIL, "the value was another");
	json_decref(answer);
}

void
etcd_client_invoke(struct client *client, struct call *call)
{
	buf_clear(&client->body);
	call->output = VAL_OF_NIL;
	if (call->f == F_READ && val_kind(call->key) == VAL_NIL)
		read_set(client, call);
	else if (call->f == F_READ)
		read_register(client, call);
	else if (call->f == F_WRITE)
		write_register(client, call);
	else if (call->f == F_CAS)
		compare_and_set(client, call);
	else if (call->f == F_ADD)
		add_element(client, call);
	else
		conclude(call, OP_FAIL, "etcd's client does not know this function");
}
