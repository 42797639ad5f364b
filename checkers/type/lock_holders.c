#include "checkers/type/lock_holders.h"

#include "checkers/jepsen/fields.h"

static val
client_of(const struct values *values, const struct op *op)
{
	return op->type == OP_OK ? fields_get(values, op->output, "client") : VAL_OF_NIL;
}

void
lock_holders_init(struct lock_holders *holders, const struct key_ops *key)
{
	*holders = (struct lock_holders){.values = &key->history->values};
	value_ids_init(&holders->processes, holders->values);
	for (size_t i = 0; i < key->count; i++) {
		val client = client_of(holders->values, key_op(key, i));
		if (client == VAL_OF_NIL)
			continue;
		uint32_t id = value_ids_add(&holders->processes,
					    val_small(key_op(key, i)->process));
		if (id == holders->clients.count)
			vec_push(&holders->clients, client);
		holders->have_clients = true;
	}
}

void
lock_holders_release(struct lock_holders *holders)
{
	value_ids_release(&holders->processes);
	vec_release(&holders->clients);
}

val
lock_holder(const struct lock_holders *holders, const struct op *op)
{
	val process = val_small(op->process);

	if (!holders->have_clients)
		return op->input != VAL_OF_NIL ? op->input : process;
	val client = client_of(holders->values, op);
	if (client != VAL_OF_NIL)
		return client;
	uint32_t id = value_ids_find(&holders->processes, process);
	return id != VALUE_ID_NONE ? holders->clients.items[id] : VAL_OF_NIL;
}

val
lock_token(const struct values *values, const struct op *op)
{
	if (op->f != F_ACQUIRE || op->type != OP_OK)
		return VAL_OF_NIL;
	bool is_map = val_kind(op->output) == VAL_MAP;
	val token = is_map ? fields_get(values, op->output, "fence") : op->output;
	bool is_none = val_kind(token) != VAL_INT || (is_map && token == val_small(0));
	return is_none ? VAL_OF_NIL : token;
}
