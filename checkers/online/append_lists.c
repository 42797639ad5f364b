#include "checkers/online/append_lists.h"

enum {
	KEYS_KEPT = 1024, /* beyond these, idle ones are forgotten */
	PLACED_KEPT = 8,  /* before looking for settled ones */
};

#define ELEMENT_NONE UINT32_MAX

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static void
find_problem(struct append_lists *lists, const char *problem, uint32_t key,
	     online_value value)
{
	if (lists->problem != NULL)
		return;
	lists->problem = problem;
	lists->problem_key = lists->keys.items[key].id;
	lists->problem_value = value;
}

static void
hear(struct append_lists *lists, enum txn_cycle cycle, uint32_t key, online_value value)
{
	if (cycle != TXN_NO_CYCLE)
		find_problem(lists,
			     cycle == TXN_CYCLE ? "not-serializable"
						: "not-strict-serializable",
			     key, value);
}

static void
order(struct append_lists *lists, uint32_t a, uint32_t b, uint32_t key,
      online_value value)
{
	hear(lists, txn_graph_order(&lists->graph, a, b), key, value);
}

/* ---- keys ---- */

static uint32_t
add_key(struct append_lists *lists, online_value id)
{
	uint32_t key = (uint32_t)lists->keys.count;

	if (lists->free_keys.count > 0)
		key = vec_pop(&lists->free_keys);
	else
		vec_push(&lists->keys, (struct append_key){0});
	lists->keys.items[key].id = id;
	lists->keys.items[key].is_used = true;
	table_put(&lists->key_of, id, key);
	return key;
}

uint32_t
append_lists_key(struct append_lists *lists, online_value id, int64_t at)
{
	uint32_t key = table_find(&lists->key_of, id);

	if (key == TABLE_NONE && forgotten_has(&lists->forgotten, id))
		return LIST_FORGOTTEN;
	if (key == TABLE_NONE)
		key = add_key(lists, id);
	lists->keys.items[key].used_at = at;
	return key;
}

static size_t
length_of(const struct append_key *key)
{
	return key->base + key->placed.count;
}

uint32_t
append_lists_writer(const struct append_lists *lists, uint32_t key, size_t count)
{
	const struct append_key *list = &lists->keys.items[key];

	if (count <= list->base || count > length_of(list))
		return TXN_NONE;
	return list->placed.items[count - list->base - 1].txn;
}

static void
drop_readers(struct append_lists *lists, struct append_key *key)
{
	vec_each (uint32_t, reader, &key->readers)
		txn_graph_let_go(&lists->graph, *reader);
	vec_clear(&key->readers);
}

/* ---- elements ---- */

static uint64_t
name_of(uint32_t key, online_value value)
{
	return mix(mix(0, key + 1), value);
}

uint32_t
append_lists_begin(struct append_lists *lists, int64_t began)
{
	uint32_t txn = txn_graph_add(&lists->graph, began);

	while (lists->first_element.count <= txn)
		vec_push(&lists->first_element, ELEMENT_NONE);
	lists->first_element.items[txn] = ELEMENT_NONE;
	return txn;
}

bool
append_lists_add(struct append_lists *lists, uint32_t txn, uint32_t key,
		 online_value value)
{
	uint64_t name = name_of(key, value);
	uint32_t element = (uint32_t)lists->elements.count;

	if (table_find(&lists->element_of, name) != TABLE_NONE)
		return false;
	if (lists->free_elements.count > 0)
		element = vec_pop(&lists->free_elements);
	else
		vec_push(&lists->elements, (struct append_element){0});
	lists->elements.items[element] = (struct append_element){
		value, key, txn, lists->first_element.items[txn], false, true};
	lists->first_element.items[txn] = element;
	table_put(&lists->element_of, name, element);
	lists->keys.items[key].pending_count++;
	lists->graph.nodes.items[txn].unplaced++;
	txn_graph_hold(&lists->graph, txn);
	return true;
}

static void
unchain(struct append_lists *lists, uint32_t element)
{
	const struct append_element *gone = &lists->elements.items[element];
	uint32_t *at = &lists->first_element.items[gone->txn];

	while (*at != element)
		at = &lists->elements.items[*at].next;
	*at = gone->next;
}

/* It is placed, or will never be. Its transaction may be free afterwards. */
static void
remove_element(struct append_lists *lists, uint32_t element)
{
	struct append_element gone = lists->elements.items[element];
	struct append_key *key = &lists->keys.items[gone.key];

	unchain(lists, element);
	table_remove(&lists->element_of, name_of(gone.key, gone.value));
	if (!gone.is_waiting) {
		key->pending_count--;
	} else {
		size_t at = 0;
		while (key->waiting.items[at] != element)
			at++;
		key->waiting.items[at] = vec_pop(&key->waiting);
	}
	lists->elements.items[element].is_used = false;
	vec_push(&lists->free_elements, element);
	lists->graph.nodes.items[gone.txn].unplaced--;
	txn_graph_let_go(&lists->graph, gone.txn);
}

/* It is certain, and comes behind all that is placed and after whoever read that. */
static void
wait(struct append_lists *lists, uint32_t element)
{
	struct append_element *waits = &lists->elements.items[element];
	struct append_key *key = &lists->keys.items[waits->key];

	waits->is_waiting = true;
	key->pending_count--;
	vec_push(&key->waiting, element);
	if (key->placed.count > 0)
		order(lists, vec_last(&key->placed)->txn, waits->txn, waits->key,
		      waits->value);
	vec_each (uint32_t, reader, &key->readers)
		order(lists, *reader, waits->txn, waits->key, waits->value);
}

static void
certify(struct append_lists *lists, uint32_t txn, int64_t ended, uint32_t key,
	online_value value)
{
	bool was_certain = lists->graph.nodes.items[txn].is_certain;

	hear(lists, txn_graph_certify(&lists->graph, txn, ended), key, value);
	for (uint32_t element = lists->first_element.items[txn];
	     !was_certain && element != ELEMENT_NONE;
	     element = lists->elements.items[element].next)
		wait(lists, element);
}

void
append_lists_commit(struct append_lists *lists, uint32_t txn, int64_t ended)
{
	uint32_t element = lists->first_element.items[txn];
	bool has_key = element != ELEMENT_NONE;

	certify(lists, txn, ended, has_key ? lists->elements.items[element].key : 0,
		has_key ? lists->elements.items[element].value : 0);
}

void
append_lists_let_go(struct append_lists *lists, uint32_t txn)
{
	txn_graph_let_go(&lists->graph, txn);
}

void
append_lists_fail(struct append_lists *lists, uint32_t txn)
{
	if (lists->graph.nodes.items[txn].is_certain) {
		lists->problem = "G1a";
		return;
	}
	while (lists->first_element.items[txn] != ELEMENT_NONE)
		remove_element(lists, lists->first_element.items[txn]);
	txn_graph_let_go(&lists->graph, txn);
}

/* ---- reads ---- */

static bool
is_placed(const struct append_key *key, online_value value)
{
	vec_each (struct placed, placed, &key->placed)
		if (placed->value == value)
			return true;
	return false;
}

/* The element is the next of its list. */
static bool
place(struct append_lists *lists, uint32_t number, online_value value)
{
	struct append_key *key = &lists->keys.items[number];
	uint32_t element = table_find(&lists->element_of, name_of(number, value));

	if (element == TABLE_NONE) {
		find_problem(lists,
			     is_placed(key, value) ? "duplicate-elements"
						   : "garbage-read",
			     number, value);
		return false;
	}
	uint32_t txn = lists->elements.items[element].txn;
	certify(lists, txn, INT64_MAX, number, value);
	txn_graph_hold(&lists->graph, txn);
	remove_element(lists, element);
	if (key->placed.count > 0)
		order(lists, vec_last(&key->placed)->txn, txn, number, value);
	vec_each (uint32_t, reader, &key->readers)
		order(lists, *reader, txn, number, value);
	drop_readers(lists, key);
	vec_push(&key->placed, (struct placed){value, txn});
	vec_each (uint32_t, waiting, &key->waiting)
		order(lists, txn, lists->elements.items[*waiting].txn, number, value);
	return true;
}

/* What is known of the list agrees with what was read. */
static bool
agrees(struct append_lists *lists, uint32_t number, const online_value *items,
       size_t count)
{
	const struct append_key *key = &lists->keys.items[number];
	uint64_t hash = 0;

	if (count < key->base) {
		find_problem(lists, "not-strict-serializable", number,
			     count > 0 ? items[count - 1] : 0);
		return false;
	}
	for (uint32_t i = 0; i < key->base; i++)
		hash = mix(hash, items[i]);
	bool ok = hash == key->base_hash || key->base == 0;
	for (size_t i = key->base; ok && i < count && i < length_of(key); i++)
		ok = items[i] == key->placed.items[i - key->base].value;
	if (!ok)
		find_problem(lists, "incompatible-order", number, items[count - 1]);
	return ok;
}

/* The last it saw comes before it, and what it did not see comes after it. */
static void
order_read(struct append_lists *lists, uint32_t txn, uint32_t number, size_t count)
{
	struct append_key *key = &lists->keys.items[number];
	uint32_t writer = append_lists_writer(lists, number, count);
	online_value last = key->placed.count > 0 ? vec_last(&key->placed)->value : 0;

	if (writer != TXN_NONE)
		order(lists, writer, txn, number, last);
	if (count < length_of(key)) {
		order(lists, txn, append_lists_writer(lists, number, count + 1), number,
		      last);
		return;
	}
	vec_each (uint32_t, waiting, &key->waiting)
		order(lists, txn, lists->elements.items[*waiting].txn, number, last);
	vec_push(&key->readers, txn);
	txn_graph_hold(&lists->graph, txn);
}

/* Settled writers and readers say nothing any more. */
static void
forget_settled(struct append_lists *lists, struct append_key *key)
{
	const struct txn_node *nodes = lists->graph.nodes.items;
	size_t gone = 0, kept = 0;

	while (gone + 1 < key->placed.count &&
	       nodes[key->placed.items[gone].txn].is_settled) {
		key->base_hash = mix(key->base_hash, key->placed.items[gone].value);
		txn_graph_let_go(&lists->graph, key->placed.items[gone].txn);
		gone++;
	}
	key->base += (uint32_t)gone;
	for (size_t i = gone; gone > 0 && i < key->placed.count; i++)
		key->placed.items[i - gone] = key->placed.items[i];
	key->placed.count -= gone;
	for (size_t i = 0; i < key->readers.count; i++)
		if (nodes[key->readers.items[i]].is_settled)
			txn_graph_let_go(&lists->graph, key->readers.items[i]);
		else
			key->readers.items[kept++] = key->readers.items[i];
	key->readers.count = kept;
}

void
append_lists_read(struct append_lists *lists, uint32_t txn, uint32_t key,
		  const online_value *items, size_t count)
{
	struct append_key *list = &lists->keys.items[key];

	if (!agrees(lists, key, items, count))
		return;
	for (size_t i = length_of(list); i < count; i++)
		if (!place(lists, key, items[i]))
			return;
	order_read(lists, txn, key, count);
	if (list->placed.count == list->placed.capacity ||
	    (list->readers.count == list->readers.capacity &&
	     list->readers.count > PLACED_KEPT))
		forget_settled(lists, list);
}

/* ---- forgetting ---- */

static void
release_key(struct append_lists *lists, struct append_key *key)
{
	vec_each (struct placed, placed, &key->placed)
		txn_graph_let_go(&lists->graph, placed->txn);
	drop_readers(lists, key);
	vec_release(&key->placed);
	vec_release(&key->readers);
	vec_release(&key->waiting);
	*key = (struct append_key){0};
}

static bool
is_idle(const struct append_key *key, int64_t at)
{
	return key->is_used && key->used_at + ONLINE_IDLE < at &&
	       forgotten_can_be(key->id);
}

/* Nobody will ask what became of the elements of idle keys. */
static void
drop_idle_elements(struct append_lists *lists, int64_t at)
{
	for (uint32_t i = 0; i < lists->elements.count; i++) {
		const struct append_element *element = &lists->elements.items[i];
		if (element->is_used && is_idle(&lists->keys.items[element->key], at))
			remove_element(lists, i);
	}
}

static void
forget_idle(struct append_lists *lists, int64_t at)
{
	drop_idle_elements(lists, at);
	for (uint32_t i = 0; i < lists->keys.count; i++) {
		struct append_key *key = &lists->keys.items[i];
		if (!is_idle(key, at))
			continue;
		forgotten_add(&lists->forgotten, key->id);
		table_remove(&lists->key_of, key->id);
		release_key(lists, key);
		vec_push(&lists->free_keys, i);
	}
}

void
append_lists_forget(struct append_lists *lists, int64_t watermark, int64_t at)
{
	txn_graph_settle(&lists->graph, watermark);
	if (lists->key_of.count < lists->idle_at)
		return;
	forget_idle(lists, at);
	lists->idle_at = 2 * lists->key_of.count;
	if (lists->idle_at < KEYS_KEPT)
		lists->idle_at = KEYS_KEPT;
}

/* ---- all ---- */

size_t
append_lists_bytes(const struct append_lists *lists)
{
	size_t bytes = txn_graph_bytes(&lists->graph) + table_bytes(&lists->key_of) +
		       table_bytes(&lists->element_of) +
		       lists->keys.capacity * sizeof(struct append_key) +
		       lists->elements.capacity * sizeof(struct append_element) +
		       (lists->free_keys.capacity + lists->free_elements.capacity +
			lists->first_element.capacity) *
			       sizeof(uint32_t) +
		       lists->forgotten.bits.capacity * sizeof(uint64_t);

	vec_each (struct append_key, key, &lists->keys)
		bytes += key->placed.capacity * sizeof(struct placed) +
			 (key->readers.capacity + key->waiting.capacity) *
				 sizeof(uint32_t);
	return bytes;
}

void
append_lists_release(struct append_lists *lists)
{
	vec_each (struct append_key, key, &lists->keys)
		release_key(lists, key);
	table_release(&lists->key_of);
	table_release(&lists->element_of);
	vec_release(&lists->keys);
	vec_release(&lists->free_keys);
	vec_release(&lists->forgotten.bits);
	vec_release(&lists->elements);
	vec_release(&lists->free_elements);
	vec_release(&lists->first_element);
	txn_graph_release(&lists->graph);
}
