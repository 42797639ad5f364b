/* null.c - system `null`: registers and one set in the memory of this process.
 *
 * It answers at once and correctly, so that a run with it measures the harness and nothing
 * else. Keys are spread over shards, each with a lock; a read of the set takes all locks,
 * in order, and so sees one moment. */
#include "base/map.h"
#include "base/mem.h"
#include "systems/system.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SHARDS = 64,
	ENTRIES_PER_SHARD_MAX = 1 << 17, /* in all 8 million keys, and as many elements */
};

struct shard {
	pthread_mutex_t lock; /* guards both maps */
	struct map registers; /* key -> value; a key that is not there is nil */
	struct map elements;  /* element -> 1 */
	char padding[64];     /* keeps the locks of neighbours on other cache lines */
};

struct memory {
	struct shard shards[SHARDS];
};

/* A connection; all it needs is what it is connected to. */
struct client {
	struct memory *memory; /* borrowed from the cluster */
};

static struct shard *
shard_of(struct memory *memory, int64_t number)
{
	return &memory->shards[(uint64_t)number * 0x9e3779b97f4a7c15u >> 58];
}

static void
refuse(struct call *call, const char *reason)
{
	call->type = OP_FAIL;
	snprintf(call->error, sizeof(call->error), "%s", reason);
}

/* Where the key's value is, made when missing; NULL when the shard is full. */
static uint64_t *
place_for(struct map *map, uint64_t key)
{
	uint64_t *value = map_find(map, key);

	if (value != NULL || map->count >= ENTRIES_PER_SHARD_MAX)
		return value;
	return map_at(map, key, NULL);
}

static void
put(struct map *map, int64_t key, int64_t value, struct call *call)
{
	uint64_t *place = place_for(map, (uint64_t)key);

	if (place == NULL)
		refuse(call, "the memory of system 'null' is full");
	else
		*place = (uint64_t)value;
}

static void
read_register(struct shard *shard, int64_t key, struct call *call)
{
	const uint64_t *value = map_find(&shard->registers, (uint64_t)key);

	if (value != NULL)
		call->output = val_int(call->values, (int64_t)*value);
}

static void
compare_and_set(struct shard *shard, int64_t key, struct call *call)
{
	int64_t expected = val_number(call->values, val_at(call->values, call->input, 0));
	int64_t fresh = val_number(call->values, val_at(call->values, call->input, 1));
	uint64_t *value = map_find(&shard->registers, (uint64_t)key);

	if (value == NULL || *value != (uint64_t)expected)
		call->type = OP_FAIL;
	else
		*value = (uint64_t)fresh;
}

static void
run_on_register(struct memory *memory, struct call *call)
{
	int64_t key = val_number(call->values, call->key);
	struct shard *shard = shard_of(memory, key);

	pthread_mutex_lock(&shard->lock);
	switch (call->f) {
	case F_READ:
		read_register(shard, key, call);
		break;
	case F_WRITE:
		put(&shard->registers, key, val_number(call->values, call->input), call);
		break;
	case F_CAS:
		compare_and_set(shard, key, call);
		break;
	default:
		refuse(call, "system 'null' has no such operation on a key");
	}
	pthread_mutex_unlock(&shard->lock);
}

static void
read_set(struct memory *memory, struct call *call)
{
	VEC(val) elements = {0};

	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_lock(&memory->shards[i].lock);
	for (int i = 0; i < SHARDS; i++) {
		const struct map *map = &memory->shards[i].elements;
		for (size_t slot = 0; slot < map->slot_count; slot++)
			if (map->slots[slot].taken)
				vec_push(&elements,
					 val_int(call->values,
						 (int64_t)map->slots[slot].key));
	}
	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_unlock(&memory->shards[i].lock);
	call->output = val_list(call->values, elements.items, elements.count);
	vec_release(&elements);
}

static void
add_element(struct memory *memory, struct call *call)
{
	int64_t element = val_number(call->values, call->input);
	struct shard *shard = shard_of(memory, element);

	pthread_mutex_lock(&shard->lock);
	put(&shard->elements, element, 1, call);
	pthread_mutex_unlock(&shard->lock);
}

static void
null_invoke(struct client *client, struct call *call)
{
	call->type = OP_OK;
	call->output = VAL_OF_NIL;
	call->error[0] = '\0';
	if (call->key != VAL_OF_NIL)
		run_on_register(client->memory, call);
	else if (call->f == F_READ)
		read_set(client->memory, call);
	else if (call->f == F_ADD)
		add_element(client->memory, call);
	else
		refuse(call, "system 'null' has no such operation without a key");
}

static struct client *
null_client_open(struct cluster *cluster, int node, int timeout_ms, struct err *err)
{
	struct client *client = mem_new(1, sizeof(*client));

	(void)node;
	(void)timeout_ms;
	(void)err;
	client->memory = cluster->state;
	return client;
}

static void
null_client_close(struct client *client)
{
	free(client);
}

static bool
null_open(struct cluster *cluster, struct err *err)
{
	struct memory *memory;

	if (!cluster_check_options(cluster, NULL, 0, err))
		return false;
	if (cluster->bugs.of.count > 0)
		return err_set(err, "system 'null' has no planted bugs");
	memory = mem_new(1, sizeof(*memory));
	for (int i = 0; i < SHARDS; i++)
		pthread_mutex_init(&memory->shards[i].lock, NULL);
	cluster->state = memory;
	return true;
}

static void
null_close(struct cluster *cluster)
{
	struct memory *memory = cluster->state;

	if (memory == NULL)
		return;
	for (int i = 0; i < SHARDS; i++) {
		pthread_mutex_destroy(&memory->shards[i].lock);
		map_release(&memory->shards[i].registers);
		map_release(&memory->shards[i].elements);
	}
	free(memory);
	cluster->state = NULL;
}

const struct system system_null = {
	.name = "null",
	.summary = "in the memory of this process: does nothing, measures the harness",
	.supports = SUPPORTS_REGISTER | SUPPORTS_SET,
	.in_process = true,
	.node_count_min = 1,
	.open = null_open,
	.close = null_close,
	.client_open = null_client_open,
	.client_invoke = null_invoke,
	.client_close = null_client_close,
};
