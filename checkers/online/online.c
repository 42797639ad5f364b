#include "checkers/online/online.h"

#include "base/map.h"

#include <stdlib.h>

enum {
	RETIRE_EACH = 64, /* advances between two looks for idle keys */
};

#define NEVER	      INT64_MAX
#define BEFORE_ALL    INT64_C(-1)
#define FORGOTTEN_MAX ((int64_t)1 << 32) /* keys from here on are never forgotten */

/* A value that may still be seen. */
struct live {
	int64_t value;
	int64_t first_end;    /* f: NEVER while none ended */
	int64_t last_invoked; /* s */
	bool is_written;      /* its write ended ok */
};

/* A value was seen that no write is known of, yet. */
struct orphan {
	int64_t value;
	uint32_t invoke_at, complete_at;
};

struct online_key {
	int64_t key;
	VEC(struct live) live;
	VEC(struct online_op) open;
	VEC(struct orphan) orphans;
	struct map unknown; /* values whose write ended with unknown outcome, not seen */
	uint32_t last_at;   /* last position told */
	bool is_used, is_touched, is_given_up;
};

struct online {
	struct map numbers; /* key -> slot + 1; 0: not there any more */
	VEC(struct online_key) slots;
	VEC(uint32_t) free_slots;
	VEC(uint32_t) touched;	 /* slots with news since the last advance */
	VEC(uint64_t) forgotten; /* a bit for each key that was let go */
	uint32_t position;
	uint64_t advances;
	bool has_violation;
	struct online_violation violation;
	const char *gave_up;
};

/* ---- keys ---- */

static bool
is_forgotten(const struct online *online, int64_t key)
{
	size_t word = (size_t)(key / 64);

	return key >= 0 && key < FORGOTTEN_MAX && word < online->forgotten.count &&
	       (online->forgotten.items[word] >> (key % 64) & 1) != 0;
}

static void
remember_forgotten(struct online *online, int64_t key)
{
	size_t word = (size_t)(key / 64);

	while (online->forgotten.count <= word)
		vec_push(&online->forgotten, 0);
	online->forgotten.items[word] |= (uint64_t)1 << (key % 64);
}

static void
release_key(struct online_key *key)
{
	vec_release(&key->live);
	vec_release(&key->open);
	vec_release(&key->orphans);
	map_release(&key->unknown);
	*key = (struct online_key){0};
}

/* The map knows no removal: it is made anew when most of it is gone. */
static void
rebuild_numbers(struct online *online)
{
	map_release(&online->numbers);
	for (size_t i = 0; i < online->slots.count; i++)
		if (online->slots.items[i].is_used)
			*map_at(&online->numbers, (uint64_t)online->slots.items[i].key,
				NULL) = i + 1;
}

static struct online_key *
add_key(struct online *online, int64_t key)
{
	size_t slot = online->slots.count;
	size_t used = slot - online->free_slots.count;

	if (online->numbers.count > 1024 && online->numbers.count > used * 2)
		rebuild_numbers(online);
	if (online->free_slots.count > 0)
		slot = vec_pop(&online->free_slots);
	else
		vec_push(&online->slots, (struct online_key){0});
	*map_at(&online->numbers, (uint64_t)key, NULL) = slot + 1;
	struct online_key *added = &online->slots.items[slot];
	*added = (struct online_key){.key = key, .is_used = true};
	vec_push(&added->live, (struct live){.value = ONLINE_NIL,
					     .first_end = BEFORE_ALL,
					     .last_invoked = BEFORE_ALL,
					     .is_written = true});
	return added;
}

/* NULL: nothing is judged of this key any more. */
static struct online_key *
key_of(struct online *online, const struct online_op *op)
{
	if (online->gave_up != NULL || online->has_violation ||
	    is_forgotten(online, op->key))
		return NULL;
	const uint64_t *slot = map_find(&online->numbers, (uint64_t)op->key);
	struct online_key *key = slot != NULL && *slot != 0
					 ? &online->slots.items[*slot - 1]
					 : add_key(online, op->key);
	if (key->is_given_up)
		return NULL;
	if (!key->is_touched)
		vec_push(&online->touched, (uint32_t)(key - online->slots.items));
	key->is_touched = true;
	if (op->invoke_at > key->last_at)
		key->last_at = op->invoke_at;
	return key;
}

/* ---- values ---- */

static void
violate(struct online *online, const char *name, const struct online_key *key,
	int64_t value, int64_t other, uint32_t invoke_at)
{
	if (online->has_violation)
		return;
	online->has_violation = true;
	online->violation =
		(struct online_violation){name, key->key, value, other, invoke_at};
}

static struct live *
find_live(const struct online_key *key, int64_t value)
{
	for (size_t i = key->live.count; i-- > 0;)
		if (key->live.items[i].value == value)
			return &key->live.items[i];
	return NULL;
}

static bool
may_be_written(const struct online_key *key, int64_t value)
{
	vec_each (struct online_op, op, &key->open)
		if (op->writes && op->written == value)
			return true;
	return map_find(&key->unknown, (uint64_t)value) != NULL;
}

static struct live *
add_live(struct online_key *key, int64_t value)
{
	if (key->live.count == ONLINE_LIVE_MAX) {
		key->is_given_up = true;
		vec_clear(&key->live);
		vec_clear(&key->orphans);
	}
	vec_push(&key->live, (struct live){.value = value,
					   .first_end = NEVER,
					   .last_invoked = BEFORE_ALL});
	return vec_last(&key->live);
}

/* An operation that wrote or saw the value happened. */
static void
touch(struct online *online, struct online_key *key, struct live *live,
      uint32_t invoke_at, uint32_t complete_at)
{
	if (invoke_at > live->last_invoked)
		live->last_invoked = invoke_at;
	if (complete_at < live->first_end)
		live->first_end = complete_at;
	vec_each (struct live, other, &key->live)
		if (other != live && other->first_end < live->last_invoked &&
		    live->first_end < other->last_invoked)
			violate(online, "stale-read", key,
				live->first_end < other->first_end ? live->value
								   : other->value,
				live->first_end < other->first_end ? other->value
								   : live->value,
				invoke_at);
}

static void
see(struct online *online, struct online_key *key, int64_t value, uint32_t invoke_at,
    uint32_t complete_at)
{
	struct live *live = find_live(key, value);

	if (live == NULL && may_be_written(key, value))
		live = add_live(key, value);
	if (live != NULL)
		touch(online, key, live, invoke_at, complete_at);
	else
		vec_push(&key->orphans, (struct orphan){value, invoke_at, complete_at});
}

static void
write_ok(struct online *online, struct online_key *key, const struct online_op *op)
{
	struct live *live = find_live(key, op->written);

	if (live != NULL && live->is_written) {
		online->gave_up = "a value was written twice to one key";
		return;
	}
	if (live == NULL)
		live = add_live(key, op->written);
	live->is_written = true;
	touch(online, key, live, op->invoke_at, op->complete_at);
}

static void
write_otherwise(struct online *online, struct online_key *key, const struct online_op *op)
{
	const struct live *live = find_live(key, op->written);

	if (op->type == OP_INFO && live == NULL)
		map_at(&key->unknown, (uint64_t)op->written, NULL);
	if (op->type == OP_FAIL && live != NULL && !live->is_written)
		violate(online, "failed-write-read", key, op->written, ONLINE_NIL,
			op->invoke_at);
}

/* ---- telling ---- */

void
online_open(struct online *online, const struct online_op *op)
{
	struct online_key *key = key_of(online, op);

	if (key != NULL)
		vec_push(&key->open, *op);
}

static void
close_open(struct online_key *key, uint32_t invoke_at)
{
	for (size_t i = 0; i < key->open.count; i++)
		if (key->open.items[i].invoke_at == invoke_at) {
			key->open.items[i] = *vec_last(&key->open);
			key->open.count--;
			return;
		}
}

void
online_end(struct online *online, const struct online_op *op)
{
	struct online_key *key = key_of(online, op);

	if (key == NULL)
		return;
	close_open(key, op->invoke_at);
	if (op->sees && op->type == OP_OK)
		see(online, key, op->seen, op->invoke_at, op->complete_at);
	if (op->writes && op->type == OP_OK && !key->is_given_up)
		write_ok(online, key, op);
	else if (op->writes)
		write_otherwise(online, key, op);
}

/* ---- advancing ---- */

/* No operation on the key that began before this is still to end. */
static int64_t
watermark_of(const struct online *online, const struct online_key *key)
{
	int64_t watermark = online->position;

	vec_each (struct online_op, op, &key->open)
		if (op->invoke_at < watermark)
			watermark = op->invoke_at;
	return watermark;
}

static void
judge_orphans(struct online *online, struct online_key *key, int64_t watermark)
{
	size_t count = key->orphans.count;

	key->orphans.count = 0;
	for (size_t i = 0; i < count && !key->is_given_up; i++) {
		struct orphan orphan = key->orphans.items[i];
		bool is_known = find_live(key, orphan.value) != NULL ||
				may_be_written(key, orphan.value);
		if (!is_known && orphan.complete_at < watermark)
			violate(online, "stale-or-unwritten-read", key, orphan.value,
				ONLINE_NIL, orphan.invoke_at);
		else
			see(online, key, orphan.value, orphan.invoke_at,
			    orphan.complete_at);
	}
}

/* The latest invocations among values that certainly held by the watermark: the last one
 * and, for that value itself, the one before. */
static void
bury_dead(struct online_key *key, int64_t watermark)
{
	const struct live *last = NULL;
	int64_t last_invoked = BEFORE_ALL, other_invoked = BEFORE_ALL;
	size_t kept = 0;

	vec_each (struct live, live, &key->live) {
		if (live->first_end >= watermark)
			continue;
		if (live->last_invoked > last_invoked) {
			other_invoked = last_invoked;
			last_invoked = live->last_invoked;
			last = live;
		} else if (live->last_invoked > other_invoked) {
			other_invoked = live->last_invoked;
		}
	}
	size_t last_at = last != NULL ? (size_t)(last - key->live.items) : SIZE_MAX;
	for (size_t i = 0; i < key->live.count; i++) {
		struct live live = key->live.items[i];
		if (live.first_end >= (i == last_at ? other_invoked : last_invoked))
			key->live.items[kept++] = live;
	}
	key->live.count = kept;
}

static void
forget(struct online *online, uint32_t slot)
{
	struct online_key *key = &online->slots.items[slot];

	remember_forgotten(online, key->key);
	*map_at(&online->numbers, (uint64_t)key->key, NULL) = 0;
	release_key(key);
	vec_push(&online->free_slots, slot);
}

static void
forget_idle(struct online *online)
{
	for (size_t i = 0; i < online->slots.count; i++) {
		const struct online_key *key = &online->slots.items[i];
		if (key->is_used && key->open.count == 0 && key->orphans.count == 0 &&
		    key->key >= 0 && key->key < FORGOTTEN_MAX &&
		    (int64_t)key->last_at + ONLINE_IDLE < online->position)
			forget(online, (uint32_t)i);
	}
}

/* Judges the news of a key; true when it is to be looked at again. */
static bool
advance_key(struct online *online, struct online_key *key)
{
	int64_t watermark = watermark_of(online, key);

	judge_orphans(online, key, watermark);
	bury_dead(key, watermark);
	return key->orphans.count > 0 || key->live.count > 1;
}

/* A slot may stand in the list twice, when its key was forgotten and it was used again:
 * the flag says which one counts. */
void
online_advance(struct online *online, uint32_t position)
{
	size_t kept = 0;

	if (position > online->position)
		online->position = position;
	for (size_t i = 0; i < online->touched.count; i++) {
		uint32_t slot = online->touched.items[i];
		struct online_key *key = &online->slots.items[slot];
		if (!key->is_touched)
			continue;
		key->is_touched = false;
		if (advance_key(online, key))
			online->touched.items[kept++] = slot;
	}
	online->touched.count = kept;
	vec_each (uint32_t, slot, &online->touched)
		online->slots.items[*slot].is_touched = true;
	if (++online->advances % RETIRE_EACH == 0)
		forget_idle(online);
}

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
		.bytes = online->slots.capacity * sizeof(struct online_key) +
			 online->numbers.slot_count * sizeof(struct map_slot) +
			 online->forgotten.capacity * sizeof(uint64_t)};

	vec_each (struct online_key, key, &online->slots) {
		size.keys += key->is_used;
		size.values += key->live.count;
		size.bytes += key->live.capacity * sizeof(struct live) +
			      key->open.capacity * sizeof(struct online_op) +
			      key->orphans.capacity * sizeof(struct orphan) +
			      key->unknown.slot_count * sizeof(struct map_slot);
	}
	return size;
}

struct online *
online_new(void)
{
	return mem_new(1, sizeof(struct online));
}

void
online_free(struct online *online)
{
	if (online == NULL)
		return;
	vec_each (struct online_key, key, &online->slots)
		release_key(key);
	map_release(&online->numbers);
	vec_release(&online->slots);
	vec_release(&online->free_slots);
	vec_release(&online->touched);
	vec_release(&online->forgotten);
	free(online);
}
