#include "checkers/transaction/core_tell.h"

#include "checkers/transaction/core_layers.h"
#include "checkers/transaction/rw_proof.h"
#include "checkers/transaction/steps.h"

#include <stdlib.h>
#include <string.h>

enum {
	SUPPOSED_SHOWN = 4,
	LEMMAS_SHOWN = 3,    /* that one order hangs on */
	PATH_BEGIN_SHOWN = 3 /* transactions; and the last two */
};

struct teller {
	struct core_clauses c;
	const struct core_layer *layer;
	uint32_t *lemma_of;  /* owned, by choice: step + 1 that left its literal */
	VEC(uint32_t) names; /* steps: lemma 1, lemma 2, ...; those that are told first */
	VEC(uint32_t) seen;  /* transactions that were listed */
	struct buf *text;
};

static uint32_t
op_of(const struct teller *t, uint32_t txn)
{
	return t->c.edges.ops[txn];
}

/* Lemmas are numbered as they are met. */
static uint32_t
number_of(struct teller *t, uint32_t step)
{
	for (size_t i = 0; i < t->names.count; i++)
		if (t->names.items[i] == step)
			return (uint32_t)i + 1;
	vec_push(&t->names, step);
	return (uint32_t)t->names.count;
}

/* ---- literals -------------------------------------------------------------------------
 */

static void
print_order(const struct teller *t, uint32_t from, uint32_t to, struct buf *out)
{
	buf_printf(out, "T%u < T%u", op_of(t, from), op_of(t, to));
}

static void
print_literal(const struct teller *t, uint32_t literal, struct buf *out)
{
	print_order(t, core_clauses_first(&t->c, literal),
		    core_clauses_second(&t->c, literal), out);
}

/* `(lemma 3)` behind what a lemma left. */
static void
print_source(struct teller *t, uint32_t literal, struct buf *out)
{
	uint32_t lemma = t->lemma_of[literal / 2];

	if (lemma != 0)
		buf_printf(out, " (lemma %u)", number_of(t, lemma - 1));
}

/* What separates item number `at` of `count` from those before. */
static const char *
comma(size_t at, size_t count)
{
	return at == 0 ? "" : at + 1 < count ? ", " : " and ";
}

/* These literals, or what each denies, but one of them. */
static void
print_literals(struct teller *t, const struct core_list *literals, uint32_t but,
	       bool denied, struct buf *out)
{
	size_t count = literals->count, shown = 0;

	for (size_t i = 0; i < literals->count; i++)
		count -= literals->items[i] == but;
	for (size_t i = 0; i < literals->count && shown < SUPPOSED_SHOWN; i++) {
		if (literals->items[i] == but)
			continue;
		buf_string(out, comma(shown, count));
		print_literal(t, literals->items[i] ^ denied, out);
		print_source(t, literals->items[i], out);
		shown++;
	}
	if (shown < count)
		buf_printf(out, " and %zu more", count - shown);
}

/* `by lemma 3, since T1 < T2`; nothing of what is supposed. */
static void
print_lemma(struct teller *t, uint32_t literal, struct buf *out)
{
	uint32_t lemma = t->lemma_of[literal / 2];

	if (lemma == 0) {
		buf_string(out, " is supposed");
		return;
	}
	const struct core_list *clause = &t->c.steps.items[lemma - 1].literals;
	buf_printf(out, " by lemma %u", number_of(t, lemma - 1));
	if (clause->count > 1) {
		buf_string(out, ", since ");
		print_literals(t, clause, literal, true, out);
	}
}

/* ---- why ------------------------------------------------------------------------------
 */

/* The literal that shows an edge; UINT32_MAX: none is needed. */
static uint32_t
literal_of(const struct teller *t, uint32_t from, uint32_t to)
{
	struct core_why why = core_edges_why(&t->c.edges, from, to);

	vec_each (const uint32_t, literal, &t->c.held)
		if (core_clauses_first(&t->c, *literal) == why.first &&
		    core_clauses_second(&t->c, *literal) == to)
			return *literal;
	return UINT32_MAX;
}

static void
print_value(const struct teller *t, val v, struct buf *out)
{
	if (v == VAL_OF_NIL)
		buf_string(out, "nothing");
	else
		val_print(&t->c.edges.history->values, v, out);
}

static void
print_key(const struct teller *t, const struct core_why *why, struct buf *out)
{
	buf_string(out, " of key ");
	print_value(t, t->c.edges.key_values.items[why->key], out);
}

/* What a transaction wrote or read goes back, write by write that read the one before, to the
 * first of its chain, which comes before another. */
static void
print_chain(const struct teller *t, const struct core_why *why, uint32_t from,
	    struct buf *out)
{
	const struct core_touch *touch = core_edges_touch(&t->c.edges, from, why->key);
	bool reads = why->reason == CORE_BY_READ_CHAIN;

	buf_printf(out, "T%u %s ", op_of(t, from), reads ? "read" : "wrote");
	print_value(t, reads ? touch->read : touch->written, out);
	print_key(t, why, out);
	if (why->first == CORE_INITIAL)
		buf_string(out, ", which is, or goes back to, the first value of all");
	else if (reads && touch->source == why->first)
		buf_printf(out, ", which T%u wrote", op_of(t, why->first));
	else
		buf_printf(out, ", which goes back to what T%u wrote",
			   op_of(t, why->first));
}

static void
print_initial(const struct teller *t, const struct core_why *why, uint32_t to,
	      struct buf *out)
{
	const struct core_touch *touch = core_edges_touch(&t->c.edges, to, why->key);

	buf_printf(out, "; T%u's write of ", op_of(t, to));
	print_value(t, touch->written, out);
	buf_string(out, " does not");
}

static void
print_overwrite(const struct teller *t, const struct core_why *why, uint32_t to,
		struct buf *out)
{
	const struct core_touch *touch = core_edges_touch(&t->c.edges, to, why->key);

	buf_printf(out, "both read ");
	print_value(t, touch->read, out);
	print_key(t, why, out);
	buf_printf(out, ", and T%u replaced it with ", op_of(t, to));
	print_value(t, touch->written, out);
}

static void
print_read(const struct teller *t, const struct core_why *why, uint32_t from, uint32_t to,
	   struct buf *out)
{
	const struct core_touch *touch = core_edges_touch(&t->c.edges, to, why->key);

	buf_printf(out, "T%u read ", op_of(t, to));
	print_value(t, touch->read, out);
	print_key(t, why, out);
	buf_printf(out, ", which T%u wrote", op_of(t, from));
}

static void
print_edge(struct teller *t, uint32_t from, uint32_t to, struct buf *out)
{
	struct core_why why = core_edges_why(&t->c.edges, from, to);
	uint32_t literal = literal_of(t, from, to);

	switch (why.reason) {
	case CORE_BY_TIME:
		buf_printf(out, "T%u was over before T%u began", op_of(t, from),
			   op_of(t, to));
		return;
	case CORE_BY_PROCESS:
		buf_printf(out, "one process ran T%u first", op_of(t, from));
		return;
	case CORE_BY_READ:
		print_read(t, &why, from, to, out);
		return;
	case CORE_BY_OVERWRITE:
		print_overwrite(t, &why, to, out);
		return;
	default:
		print_chain(t, &why, from, out);
	}
	if (literal == UINT32_MAX) {
		print_initial(t, &why, to, out);
		return;
	}
	buf_string(out, ", and ");
	print_literal(t, literal, out);
	print_lemma(t, literal, out);
}

/* The literal itself. */
static bool
is_literal(const struct teller *t, const struct core_list *path, uint32_t literal)
{
	return path->count == 2 && literal != UINT32_MAX &&
	       core_clauses_first(&t->c, literal) == path->items[0];
}

static void
print_path_lemmas(struct teller *t, const struct core_list *path, struct buf *out)
{
	size_t shown = 0, more = 0;

	for (size_t i = 0; i + 1 < path->count; i++) {
		uint32_t literal = literal_of(t, path->items[i], path->items[i + 1]);
		if (literal == UINT32_MAX)
			continue;
		if (shown == LEMMAS_SHOWN) {
			more++;
			continue;
		}
		buf_string(out, shown++ == 0 ? ", where " : "; ");
		print_literal(t, literal, out);
		print_lemma(t, literal, out);
	}
	if (more > 0)
		buf_printf(out, "; and %zu more such steps", more);
}

/* What the steps of a path are, by how many. */
static void
print_kinds(const struct teller *t, const struct core_list *path, struct buf *out)
{
	static const char *const names[] = {
		[CORE_BY_TIME] = "in time",
		[CORE_BY_PROCESS] = "by process",
		[CORE_BY_READ] = "reads",
		[CORE_BY_OVERWRITE] = "overwritten reads",
		[CORE_BY_WRITE_CHAIN] = "overwritten writes",
		[CORE_BY_READ_CHAIN] = "overwritten reads",
	};
	size_t counts[sizeof(names) / sizeof(names[0])] = {0}, shown = 0;

	for (size_t i = 0; i + 1 < path->count; i++)
		counts[core_edges_why(&t->c.edges, path->items[i], path->items[i + 1])
			       .reason]++;
	counts[CORE_BY_READ_CHAIN] += counts[CORE_BY_OVERWRITE];
	counts[CORE_BY_OVERWRITE] = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (counts[i] > 0)
			buf_printf(out, "%s%zu %s", shown++ == 0 ? " (" : ", ", counts[i],
				   names[i]);
	buf_char(out, ')');
}

/* `by 29 steps (29 reads): T1 < T2 < T3 < ... < T8 < T9`. */
static void
print_path(struct teller *t, const struct core_list *path, struct buf *out)
{
	size_t count = path->count;

	buf_printf(out, "by %zu steps", count - 1);
	print_kinds(t, path, out);
	buf_string(out, ": ");
	for (size_t i = 0; i < count; i++) {
		if (i == PATH_BEGIN_SHOWN && count > PATH_BEGIN_SHOWN + 2) {
			buf_string(out, "... < ");
			i = count - 2;
		}
		buf_printf(out, i + 1 < count ? "T%u < " : "T%u",
			   op_of(t, path->items[i]));
	}
	print_path_lemmas(t, path, out);
}

/* Owned by the caller; NULL: what is supposed. */
static char *
why_given(struct teller *t, const struct core_list *path, struct proof_given *given)
{
	uint32_t literal = literal_of(t, path->items[0], path->items[1]);
	struct buf why = {0};

	given->length = (uint32_t)path->count - 1;
	if (path->count == 2 && literal != UINT32_MAX && t->lemma_of[literal / 2] != 0)
		given->lemma = number_of(t, t->lemma_of[literal / 2] - 1);
	if (path->count > 2) {
		print_path(t, path, &why);
	} else if (!is_literal(t, path, literal)) {
		buf_string(&why, "because ");
		print_edge(t, path->items[0], path->items[1], &why);
	} else if (t->lemma_of[literal / 2] != 0) {
		print_lemma(t, literal, &why);
		memmove(why.data, why.data + 1, why.len); /* the blank before "by" */
	}
	return why.data;
}

/* ---- layers ---------------------------------------------------------------------------
 */

static bool
is_seen(struct teller *t, uint32_t txn)
{
	vec_each (const uint32_t, seen, &t->seen)
		if (*seen == txn)
			return true;
	vec_push(&t->seen, txn);
	return false;
}

/* Those that were not listed before. */
static void
print_txns(struct teller *t)
{
	const struct history *history = t->c.edges.history;

	for (size_t i = 0; i < t->layer->txns.count; i++) {
		uint32_t txn = t->layer->txns.items[i];
		if (is_seen(t, txn))
			continue;
		step_print_txn(history, op_of(t, txn), t->text);
		if (t->c.edges.claim->realtime)
			step_print_events(history, op_of(t, txn), t->text);
		buf_char(t->text, '\n');
	}
}

static void
suppose(struct teller *t)
{
	const struct core_step *steps = t->c.steps.items;

	core_clauses_deny(&t->c, &steps[t->layer->step].literals);
	for (size_t i = 0; i < t->layer->lemmas.count; i++) {
		uint32_t lemma = t->layer->lemmas.items[i];
		size_t held = t->c.held.count;
		core_clauses_use(&t->c, &steps[lemma].literals);
		if (t->c.held.count > held)
			t->lemma_of[*vec_last(&t->c.held) / 2] = lemma + 1;
	}
}

static void
let_go(struct teller *t)
{
	core_clauses_let_go(&t->c, 0);
	memset(t->lemma_of, 0, t->c.choice_count * sizeof(*t->lemma_of));
}

/* The lines that refute what the layer supposes; *proof is released by the caller. */
static void
find_lines(struct teller *t, struct proof *proof)
{
	struct proof_given given[LAYER_PATHS_MAX] = {0};
	char *why[LAYER_PATHS_MAX];
	uint32_t ops[LAYER_TXNS_MAX];
	struct core_list paths = t->layer->paths, path;
	size_t count = 0;

	suppose(t);
	while (count < LAYER_PATHS_MAX && core_layers_take_path(&paths, &path)) {
		core_layers_given(&t->c.edges, &t->layer->txns, &path,
				  &given[count].order);
		why[count] = why_given(t, &path, &given[count]);
		given[count].why = why[count];
		count++;
	}
	let_go(t);
	for (size_t i = 0; i < t->layer->txns.count; i++)
		ops[i] = op_of(t, t->layer->txns.items[i]);
	proof_find_given(t->c.edges.history, ops, t->layer->txns.count, given, count,
			 t->c.edges.claim, proof);
	while (count-- > 0)
		free(why[count]);
}

static void
tell_first(struct teller *t, const char *level, struct anomaly *core)
{
	struct proof proof;

	find_lines(t, &proof);
	print_txns(t);
	buf_string(t->text, proof.text != NULL ? proof.text : "");
	buf_printf(t->text, "so these %zu have no order that is %s%s\n",
		   t->layer->txns.count, level,
		   t->layer->paths.count > 0 ? " and keeps what is given" : "");
	vec_release(&core->steps);
	vec_each (const struct anomaly_step, step, &proof.steps)
		vec_push(&core->steps, *step);
	proof_release(&proof);
}

static void
tell_lemma(struct teller *t)
{
	const struct core_list *clause = &t->c.steps.items[t->layer->step].literals;
	struct proof proof;

	find_lines(t, &proof);
	buf_printf(t->text, "lemma %u: ", number_of(t, t->layer->step));
	if (clause->count == 1)
		print_literals(t, clause, UINT32_MAX, false, t->text);
	else
		buf_printf(t->text, "not all of these hold");
	buf_string(t->text, ". Suppose ");
	print_literals(t, clause, UINT32_MAX, true, t->text);
	buf_string(t->text, ":\n");
	print_txns(t);
	buf_string(t->text, proof.text != NULL ? proof.text : "");
	proof_release(&proof);
}

static void
tell_rest(struct teller *t, size_t told)
{
	if (t->names.count > told)
		buf_printf(t->text,
			   "lemmas %zu to %zu and what they follow from are not told; "
			   "the proof "
			   "has %zu steps\n",
			   told + 1, t->names.count, t->c.steps.count);
}

/* Those that are told have the first numbers. */
static void
name_lemmas(struct teller *t, struct core_list words)
{
	struct core_layer layer;

	for (bool is_first = true; core_layers_take(&words, &layer); is_first = false)
		if (!is_first)
			vec_push(&t->names, layer.step);
}

void
core_tell(const struct history *history, const struct rw_claim *claim, const char *level,
	  struct anomaly *core, struct buf *text)
{
	struct core_list words = {core->layers.items, core->layers.count};
	struct teller t = {.text = text};
	struct core_layer layer;
	struct err err;
	size_t told = 0;

	t.layer = &layer;
	if (core_clauses_init(&t.c, history, core, claim, &err)) {
		t.lemma_of = mem_new(t.c.choice_count + 1, sizeof(*t.lemma_of));
		name_lemmas(&t, words);
		for (; core_layers_take(&words, &layer); told++)
			if (told == 0)
				tell_first(&t, level, core);
			else
				tell_lemma(&t);
		tell_rest(&t, told - 1);
	}
	core_clauses_release(&t.c);
	free(t.lemma_of);
	vec_release(&t.names);
	vec_release(&t.seen);
}
