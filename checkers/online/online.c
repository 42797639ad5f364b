#include "checkers/online/decider.h"
#include "checkers/online/forgotten.h"
#include "checkers/online/table.h"

#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define ONLINE(id) extern const struct online_decider online_##id;
#include "checkers/online/online.def"
#undef ONLINE

static const struct online_decider *const deciders[] = {
#define ONLINE(id) &online_##id,
#include "checkers/online/online.def"
#undef ONLINE
};
enum {
	DECIDER_COUNT = sizeof(deciders) / sizeof(deciders[0]),
	RETIRE_EACH = 1 << 14,	/* events between two looks at what is live */
	REBUILD_FROM = 1 << 10, /* entries of a map before it is made anew */
};

#define NOBODY UINT32_MAX
#define LET_GO (TABLE_NONE - 1) /* of a process: nobody waits for its answer */

/* Neighbours in a list of open operations by invocation: of all, and of the key. */
struct links {
	uint32_t before, after;
};

struct open {
	int64_t invoke_at;
	uint64_t notes[ONLINE_NOTES];
	struct links all, own;
	uint32_t process, key;
	uint16_t f;
};

struct list {
	uint32_t first, last;
};

struct online_key {
	online_value id;
	int64_t used_at;
	void *state; /* owned; NULL: the slot is free */
	struct list open;
	uint32_t open_count;
	bool is_given_up;
};

struct online {
	const struct online_decider *decider;
	struct online_options options;
	struct map numbers;	/* key -> its slot + 1; 0: not there any more */
	struct table processes; /* process -> its open operation, or LET_GO */
	VEC(struct online_key) keys;
	VEC(uint32_t) free_keys;
	VEC(struct open) open;
	VEC(uint32_t) free_open;
	struct forgotten forgotten; /* keys that were let go */
	struct list all_open;
	uint64_t events;
	int64_t position;
	bool has_violation;
	struct online_violation violation;
	const char *gave_up;
	bool is_over; /* nothing is judged any more */
};

/* ---- deciders ---- */

const struct online_decider *const *
online_deciders(size_t *count)
{
	*count = DECIDER_COUNT;
	return deciders;
}

const struct online_decider *
online_decider_find(const char *checker)
{
	for (size_t i = 0; i < DECIDER_COUNT; i++)
		if (strcmp(deciders[i]->name, checker) == 0)
			return deciders[i];
	return NULL;
}

const char *
online_decider_name(const struct online_decider *decider)
{
	return decider->name;
}

const char *
online_decider_summary(const struct online_decider *decider)
{
	return decider->summary;
}

void
online_violate(const struct online_call *call, const char *name, online_value value,
	       online_value other)
{
	struct online *online = call->online;

	if (online->has_violation)
		return;
	online->has_violation = online->is_over = true;
	online->violation = (struct online_violation){name,  call->key,	      value,
						      other, call->invoke_at, call->at};
}

static void
note_unheard(struct online *online, const char *reason)
{
	if (online->gave_up == NULL)
		online->gave_up = reason;
}

static void
give_up(struct online *online, struct online_key *key, const char *reason)
{
	key->is_given_up = true;
	note_unheard(online, reason);
}

void
online_give_up(const struct online_call *call, const char *reason)
{
	struct online *online = call->online;

	give_up(online, &online->keys.items[map_find(&online->numbers, call->key)[0] - 1],
		reason);
}

void
online_unheard(const struct online_call *call, const char *reason)
{
	note_unheard(call->online, reason);
}

/* ---- lists of open operations ---- */

static struct links *
links_of(struct online *online, uint32_t slot, bool is_own)
{
	struct open *open = &online->open.items[slot];

	return is_own ? &open->own : &open->all;
}

/* Invocations come in their order, so that a list is in it. */
static void
list_append(struct online *online, struct list *list, uint32_t slot, bool is_own)
{
	*links_of(online, slot, is_own) = (struct links){list->last, NOBODY};
	if (list->last != NOBODY)
		links_of(online, list->last, is_own)->after = slot;
	else
		list->first = slot;
	list->last = slot;
}

static void
list_remove(struct online *online, struct list *list, uint32_t slot, bool is_own)
{
	struct links links = *links_of(online, slot, is_own);

	if (links.before != NOBODY)
		links_of(online, links.before, is_own)->after = links.after;
	else
		list->first = links.after;
	if (links.after != NOBODY)
		links_of(online, links.after, is_own)->before = links.before;
	else
		list->last = links.before;
}

/* ---- the map of keys: it knows no removal, and is made anew when most of it is gone ---- */

static void
rebuild_numbers(struct online *online)
{
	map_release(&online->numbers);
	for (size_t i = 0; i < online->keys.count; i++)
		if (online->keys.items[i].state != NULL)
			*map_at(&online->numbers, online->keys.items[i].id, NULL) = i + 1;
}

/* ---- keys ---- */

static void
release_state(const struct online *online, struct online_key *key)
{
	if (key->state != NULL && online->decider->stop != NULL)
		online->decider->stop(key->state);
	free(key->state);
	key->state = NULL;
}

static void
forget(struct online *online, size_t slot)
{
	struct online_key *key = &online->keys.items[slot];

	if (!forgotten_can_be(key->id))
		return;
	forgotten_add(&online->forgotten, key->id);
	*map_at(&online->numbers, key->id, NULL) = 0;
	release_state(online, key);
	vec_push(&online->free_keys, (uint32_t)slot);
}

static void
forget_idle(struct online *online)
{
	for (size_t i = 0; i < online->keys.count; i++) {
		const struct online_key *key = &online->keys.items[i];
		if (key->state != NULL && key->open.first == NOBODY &&
		    key->used_at + ONLINE_IDLE < online->position)
			forget(online, i);
	}
}

static size_t
add_key(struct online *online, online_value id)
{
	const struct online_decider *decider = online->decider;
	size_t slot = online->keys.count;

	if (online->numbers.count > REBUILD_FROM &&
	    online->numbers.count > 2 * (slot - online->free_keys.count))
		rebuild_numbers(online);
	if (online->free_keys.count > 0)
		slot = vec_pop(&online->free_keys);
	else
		vec_push(&online->keys, (struct online_key){0});
	*map_at(&online->numbers, id, NULL) = slot + 1;
	online->keys.items[slot] =
		(struct online_key){.id = id,
				    .state = mem_new(1, decider->state_bytes),
				    .open = {NOBODY, NOBODY}};
	if (decider->start != NULL)
		decider->start(online->keys.items[slot].state, &online->options);
	return slot;
}

static size_t
key_of(struct online *online, online_value id)
{
	const uint64_t *slot = map_find(&online->numbers, id);

	return slot != NULL && *slot != 0 ? *slot - 1 : add_key(online, id);
}

/* ---- telling ---- */

static struct online_call
call_of(struct online *online, uint32_t slot, int64_t at)
{
	struct open *open = &online->open.items[slot];
	const struct online_key *key = &online->keys.items[open->key];
	uint32_t first = key->open.first;

	return (struct online_call){
		.online = online,
		.options = &online->options,
		.state = key->state,
		.key = key->id,
		.notes = open->notes,
		.process = open->process,
		.f = open->f,
		.invoke_at = open->invoke_at,
		.at = at,
		.watermark = first != NOBODY ? online->open.items[first].invoke_at : at,
	};
}

static void
end(struct online *online, uint32_t slot, const struct values *values,
    const struct online_event *event)
{
	struct open *open = &online->open.items[slot];
	struct online_key *key = &online->keys.items[open->key];

	list_remove(online, &online->all_open, slot, false);
	list_remove(online, &key->open, slot, true);
	key->open_count--;
	table_remove(&online->processes, open->process);
	vec_push(&online->free_open, slot);
	key->used_at = event->position;
	if (key->is_given_up)
		return;
	struct online_call call = call_of(online, slot, event->position);
	call.values = values;
	call.type = event->type;
	call.value = event->value;
	online->decider->end(&call);
}

static void
end_unknown(struct online *online, uint32_t slot)
{
	const struct online_event event = {.position = online->position, .type = OP_INFO};

	end(online, slot, NULL, &event);
}

/* Its answer may still come. */
static void
let_go(struct online *online, uint32_t slot)
{
	uint32_t process = online->open.items[slot].process;

	end_unknown(online, slot);
	table_put(&online->processes, process, LET_GO);
}

static bool
is_overtaken(const struct online *online, uint32_t slot)
{
	return online->open.items[slot].invoke_at + ONLINE_OVERTAKEN < online->position;
}

/* Nobody waits longer for the first that is open of a key: the decider cannot hear of more,
 * or has too much to do with what it holds back. */
static bool
is_too_old(const struct online *online, const struct online_key *key)
{
	const struct online_decider *decider = online->decider;

	if (decider->open_max > 0 && key->open_count >= decider->open_max)
		return true;
	return decider->is_crowded != NULL && key->open_count > 0 && !key->is_given_up &&
	       is_overtaken(online, key->open.first) && decider->is_crowded(key->state);
}

static uint32_t
new_open(struct online *online)
{
	if (online->free_open.count > 0)
		return vec_pop(&online->free_open);
	vec_push(&online->open, (struct open){0});
	return (uint32_t)(online->open.count - 1);
}

static void
begin(struct online *online, const struct values *values,
      const struct online_event *event)
{
	online_value id = online_value_of(values, event->key);
	uint32_t before = table_find(&online->processes, event->process);

	if (before != TABLE_NONE && before != LET_GO)
		end_unknown(online, before);
	if (forgotten_has(&online->forgotten, id)) {
		note_unheard(online, "a key was idle for long, and then used again");
		return;
	}
	if (online->open.count - online->free_open.count >= ONLINE_OPEN_MAX) {
		online->gave_up = "too many operations are open at once";
		online->is_over = true;
		return;
	}
	size_t key_slot = key_of(online, id);
	struct online_key *key = &online->keys.items[key_slot];
	if (is_too_old(online, key))
		let_go(online, key->open.first);
	uint32_t slot = new_open(online);
	table_put(&online->processes, event->process, slot);
	online->open.items[slot] = (struct open){.invoke_at = event->position,
						 .process = event->process,
						 .key = (uint32_t)key_slot,
						 .f = event->f};
	list_append(online, &online->all_open, slot, false);
	list_append(online, &key->open, slot, true);
	key->open_count++;
	key->used_at = event->position;
	if (key->is_given_up)
		return;
	struct online_call call = call_of(online, slot, event->position);
	call.values = values;
	call.type = OP_NONE;
	call.value = event->value;
	online->decider->begin(&call);
}

/* What is live must not be more than there is room for. */
static void
keep_bytes(struct online *online)
{
	size_t most = online->options.bytes_max > 0 ? online->options.bytes_max
						    : ONLINE_BYTES_DEFAULT;

	if (online_size(online).bytes <= most / 2)
		return;
	while (online->all_open.first != NOBODY &&
	       is_overtaken(online, online->all_open.first))
		let_go(online, online->all_open.first);
}

static void
keep_bounds(struct online *online)
{
	uint32_t oldest = online->all_open.first;

	if (oldest != NOBODY &&
	    online->open.items[oldest].invoke_at + ONLINE_PATIENCE < online->position)
		let_go(online, oldest);
	if (++online->events % RETIRE_EACH > 0)
		return;
	if (online->keys.count - online->free_keys.count > ONLINE_KEYS_KEPT)
		forget_idle(online);
	keep_bytes(online);
}

/* What says nothing is what it counted as. */
static void
answer(struct online *online, const struct values *values,
       const struct online_event *event)
{
	uint32_t slot = table_find(&online->processes, event->process);

	if (slot == TABLE_NONE)
		return;
	if (slot != LET_GO) {
		end(online, slot, values, event);
		return;
	}
	table_remove(&online->processes, event->process);
	if (event->type != OP_INFO)
		note_unheard(online, "an answer came long after it was waited for");
}

void
online_tell(struct online *online, const struct values *values,
	    const struct online_event *event)
{
	if (online->is_over)
		return;
	online->position = event->position;
	keep_bounds(online);
	if (online->is_over)
		return;
	if (event->type == OP_NONE)
		begin(online, values, event);
	else
		answer(online, values, event);
}

/* ---- asking ---- */

const struct online_violation *
online_violation(const struct online *online)
{
	return online->has_violation ? &online->violation : NULL;
}

const char *
online_gave_up(const struct online *online)
{
	return online->gave_up;
}

struct online_size
online_size(const struct online *online)
{
	struct online_size size = {
		.keys = online->keys.count - online->free_keys.count,
		.open = online->open.count - online->free_open.count,
		.bytes = sizeof(*online) +
			 online->keys.capacity * sizeof(struct online_key) +
			 online->open.capacity * sizeof(struct open) +
			 (online->free_keys.capacity + online->free_open.capacity) *
				 sizeof(uint32_t) +
			 online->numbers.slot_count * sizeof(struct map_slot) +
			 table_bytes(&online->processes) +
			 online->forgotten.bits.capacity * sizeof(uint64_t)};

	size.bytes += size.keys * online->decider->state_bytes;
	vec_each (struct online_key, key, &online->keys)
		if (key->state != NULL)
			online->decider->size(key->state, &size);
	return size;
}

struct online *
online_new(const struct online_decider *decider, const struct online_options *options)
{
	struct online *online = mem_new(1, sizeof(*online));

	online->decider = decider;
	online->options = *options;
	online->all_open = (struct list){NOBODY, NOBODY};
	return online;
}

void
online_free(struct online *online)
{
	if (online == NULL)
		return;
	vec_each (struct online_key, key, &online->keys)
		release_state(online, key);
	map_release(&online->numbers);
	table_release(&online->processes);
	vec_release(&online->keys);
	vec_release(&online->free_keys);
	vec_release(&online->open);
	vec_release(&online->free_open);
	vec_release(&online->forgotten.bits);
	free(online);
}
