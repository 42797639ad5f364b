/* tokens_decide.c - a key of unique tokens as a register whose values are "all that was
 * appended up to this token", judged by zones. */
#include "checkers/budget.h"
#include "checkers/register/zones.h"
#include "checkers/seed/tokens_parse.h"

#include <stdlib.h>
#include <string.h>

enum {
	BYTES_EACH = 256 /* an operation, in the register's history and in zones */
};

struct decision {
	const struct key_ops *key;
	struct linearizable_key *found;
	struct token_table table;
	uint32_t initial; /* stands for the initial value: the number of tokens */
	/* All owned; by token: */
	uint32_t *
		before; /* the one that it stands behind; TOKEN_NONE: it begins a value */
	uint32_t *root; /* what that value begins with */
	uint32_t *get;	/* the first get that shows it; TOKEN_NONE */
	uint32_t *seen; /* the last get that shows it, + 1 */
	uint32_t *behind; /* the one that stands behind it (also of `initial`) */
	uint32_t *last;	  /* by operation: of a get, its last token, or `initial` */
	bool is_ambiguous, is_stopped;
	struct history as_register; /* the key's operations, in their order */
};

static uint32_t
writer_of(const struct decision *d, uint32_t token)
{
	return d->key->ops[d->table.writers.items[token]];
}

static void
conflict(struct decision *d, const char *name, const char *why, const uint32_t *ops,
	 size_t count)
{
	uint32_t some[LINEARIZABLE_WITNESSES + 1];
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (ops[i] != OP_NEVER)
			some[kept++] = ops[i];
	some[kept] = OP_NEVER;
	linearizable_conflict(d->found, name, why, some);
}

/* ---- values to chains ----------------------------------------------------------------- */

/* The token, shown by two gets, stands in different places. */
static void
misplaced(struct decision *d, uint32_t token, uint32_t other_get, uint32_t get,
	  bool is_forked)
{
	uint32_t ops[] = {writer_of(d, token), d->key->ops[other_get], d->key->ops[get]};

	conflict(d, is_forked ? "forked-value" : "duplicate-execution",
		 is_forked ? "two reads tell different appends behind one beginning"
			   : "a token stands behind two others: a request ran twice",
		 ops, 3);
}

/* False when it contradicts what other gets, or the same one, have shown. */
static bool
link_token(struct decision *d, uint32_t before, uint32_t token, uint32_t root,
	   uint32_t get)
{
	if (d->seen[token] == get + 1) {
		uint32_t ops[] = {writer_of(d, token), d->key->ops[get]};
		conflict(d, "duplicate-execution",
			 "a token stands twice in a value: a request ran twice", ops, 2);
		return false;
	}
	d->seen[token] = get + 1;
	if (d->get[token] != TOKEN_NONE && d->before[token] != before) {
		misplaced(d, token, d->get[token], get, d->root[token] == root);
		return false;
	}
	uint32_t *behind = before == TOKEN_NONE ? NULL : &d->behind[before];
	if (behind != NULL && *behind != TOKEN_NONE && *behind != token) {
		misplaced(d, token, d->get[*behind], get, true);
		return false;
	}
	if (behind != NULL)
		*behind = token;
	if (d->get[token] == TOKEN_NONE) {
		d->get[token] = get;
		d->before[token] = before;
		d->root[token] = root;
	}
	return true;
}

static void
link_value(struct decision *d, uint32_t get, const struct parsed *parsed)
{
	const uint32_t *tokens = parsed->tokens.items;
	uint32_t before = parsed->is_rooted ? TOKEN_NONE : d->initial;
	uint32_t root = parsed->is_rooted ? tokens[0] : d->initial;

	d->last[get] = d->initial;
	for (size_t i = 0; i < parsed->tokens.count; i++) {
		if (!link_token(d, before, tokens[i], root, get))
			return;
		before = d->last[get] = tokens[i];
	}
}

static void
link_values(struct decision *d, const struct budget *budget)
{
	struct parsed parsed = {0};

	for (uint32_t i = 0; i < d->key->count && !d->is_ambiguous; i++) {
		const struct op *op = key_op(d->key, i);
		d->is_stopped = d->is_stopped || budget_ends_at(budget, i);
		if (d->is_stopped)
			break;
		if (!tokens_is_get(d->key->history, op) || op->type != OP_OK)
			continue;
		enum parse_outcome outcome = token_table_parse(
			&d->table, tokens_text(d->key->history, op), &parsed);
		d->is_ambiguous = outcome == PARSE_MANY;
		if (outcome == PARSE_NONE)
			conflict(d, "unwritten-token",
				 "a read has what nobody wrote with success",
				 &d->key->ops[i], 1);
		if (outcome == PARSE_ONE)
			link_value(d, i, &parsed);
	}
	vec_release(&parsed.tokens);
}

/* ---- the register --------------------------------------------------------------------- */

static val
state_of(const struct decision *d, uint32_t token)
{
	return token == d->initial ? VAL_OF_NIL : val_small((int64_t)token + 1);
}

/* An append that no value has is a write that nobody reads. */
static void
ask_register(struct decision *d, uint32_t token, struct op *op)
{
	bool is_append = d->get[token] != TOKEN_NONE && d->before[token] != TOKEN_NONE;
	val state = state_of(d, token);

	op->f = is_append ? F_CAS : F_WRITE;
	op->input = !is_append ? state
			       : val_pair(&d->as_register.values,
					  state_of(d, d->before[token]), state);
	op->output = VAL_OF_NIL;
}

static void
make_register(struct decision *d)
{
	history_init(&d->as_register);
	vec_reserve(&d->as_register.ops, d->key->count);
	for (uint32_t i = 0, token = 0; i < d->key->count; i++) {
		struct op op = *key_op(d->key, i);
		bool is_get = tokens_is_get(d->key->history, &op);
		op.key = VAL_OF_NIL;
		op.error = 0;
		if (is_get) {
			op.f = F_READ;
			op.input = VAL_OF_NIL;
			if (op.type == OP_OK)
				op.output = state_of(d, d->last[i]);
		} else if (op.type != OP_FAIL) {
			ask_register(d, token++, &op);
		} else {
			op.f = F_READ;
		}
		vec_push(&d->as_register.ops, op);
	}
}

/* ---- conflicts of zones in words ------------------------------------------------------ */

static const char *
name_chain(const struct decision *d, const struct zones_conflict *conflict,
	   const char **why)
{
	const struct history *history = d->key->history;
	bool late_reads = tokens_is_get(history, key_op(d->key, conflict->late));
	bool early_reads = tokens_is_get(history, key_op(d->key, conflict->early));

	if (early_reads) {
		*why = late_reads ? "a read misses a token that an earlier one had seen"
				  : "a read misses what was acknowledged before it began";
		return "lost-token";
	}
	if (late_reads) {
		*why = "a read has what nobody wrote before it was over";
		return "unwritten-token";
	}
	*why = "an append stands before one that was over before it began";
	return "reordered-token";
}

static const char *
name_overlap(const struct zones_conflict *conflict, const char **why)
{
	const struct zone *inner = &conflict->inner;

	if (conflict->outer.root == OP_NEVER ||
	    (inner->root == inner->first && inner->root == inner->last)) {
		*why = "what was acknowledged is missing in a read that began later";
		return "lost-token";
	}
	*why = "a value was there both before and after another one";
	return "resurrected-value";
}

static void
tell_conflict(struct decision *d, const struct zones_conflict *told)
{
	const char *why = "no order of these operations is possible";
	const char *name = "not-linearizable";
	uint32_t ops[] = {told->early, told->late, OP_NEVER,
			  OP_NEVER,    OP_NEVER,   OP_NEVER};

	if (told->kind == ZONES_CHAIN)
		name = name_chain(d, told, &why);
	if (told->kind == ZONES_OVERLAP) {
		const uint32_t zones[] = {told->outer.root,  told->outer.first,
					  told->outer.last,  told->inner.root,
					  told->inner.first, told->inner.last};
		name = name_overlap(told, &why);
		memcpy(ops, zones, sizeof(ops));
	}
	for (size_t i = 0; i < LINEARIZABLE_WITNESSES; i++)
		if (ops[i] != OP_NEVER)
			ops[i] = d->key->ops[ops[i]];
	conflict(d, name, why, ops, LINEARIZABLE_WITNESSES);
}

static void
judge_register(struct decision *d, const struct check_options *options)
{
	uint32_t *all = mem_new(d->key->count + 1, sizeof(*all));
	struct check_options plain = {.budget = options->budget};
	struct zones zones;

	for (uint32_t i = 0; i < d->key->count; i++)
		all[i] = i;
	struct key_ops key = {&d->as_register, VAL_OF_NIL, all, d->key->count};
	zones_judge(&key, &plain, !options->no_certify, &zones);
	vec_each (const struct zones_conflict, told, &zones.conflicts)
		tell_conflict(d, told);
	d->is_stopped = zones.is_stopped;
	if (zones.conflict_count == 0 && !zones.is_stopped) {
		d->found->verdict = VERDICT_VALID;
		d->found->order_count = zones.order_count;
		for (size_t i = 0; i < zones.order_count; i++)
			zones.order[i] = d->key->ops[zones.order[i]];
		d->found->order = zones.order;
		zones.order = NULL;
	}
	zones_release(&zones);
	free(all);
}

/* ---- a key ---------------------------------------------------------------------------- */

static uint32_t *
nones(size_t count)
{
	uint32_t *items = mem_new(count + 1, sizeof(*items));

	memset(items, 0xff, (count + 1) * sizeof(*items));
	return items;
}

static void
judge(struct decision *d, const struct check_options *options)
{
	size_t tokens = d->table.writers.count;

	d->initial = (uint32_t)tokens;
	d->before = nones(tokens);
	d->root = nones(tokens);
	d->get = nones(tokens);
	d->behind = nones(tokens);
	d->seen = mem_new(tokens + 1, sizeof(*d->seen));
	d->last = nones(d->key->count);
	link_values(d, &options->budget);
	if (!d->is_ambiguous && !d->is_stopped && d->found->verdict == VERDICT_NONE) {
		make_register(d);
		judge_register(d, options);
		history_release(&d->as_register);
	}
	free(d->before);
	free(d->root);
	free(d->get);
	free(d->behind);
	free(d->seen);
	free(d->last);
}

void
tokens_decide(const struct key_ops *key, const struct check_options *options,
	      struct linearizable_key *found)
{
	struct decision d = {.key = key, .found = found};
	struct err err;

	if (!budget_has_room(&options->budget, key->count, BYTES_EACH, &err))
		return; /* the engine says the same, with words */
	token_table_init(&d.table, key, options);
	if (d.table.is_unique)
		judge(&d, options);
	if (d.is_ambiguous) {
		vec_clear(&found->conflicts);
		found->conflict_count = 0;
		found->verdict = VERDICT_NONE;
	} else if (d.is_stopped && found->verdict == VERDICT_NONE) {
		found->verdict = VERDICT_UNKNOWN;
	}
	token_table_release(&d.table);
}
