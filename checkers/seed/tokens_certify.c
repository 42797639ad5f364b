/* tokens_certify.c - proofs of tokens: orders replayed on the one string that they have
 * come to, and contradictions shown from where the gets say that each token stands. */
#include "checkers/engine/certify.h"
#include "checkers/seed/tokens_parse.h"

#include <stdlib.h>
#include <string.h>

/* ---- valid ---------------------------------------------------------------------------- */

struct replay {
	const struct history *history;
	struct buf now;
};

static void *
replay_open(const struct key_ops *key, const struct check_options *options)
{
	struct replay *replay = mem_new(1, sizeof(*replay));
	struct op init = {.f = F_WRITE, .input = options->init};

	replay->history = key->history;
	struct bytes text = tokens_text(key->history, &init);
	buf_append(&replay->now, text.data, text.len);
	return replay;
}

static void
replay_close(void *context)
{
	struct replay *replay = context;

	buf_release(&replay->now);
	free(replay);
}

static bool
replay_decode(void *context, const struct op *op, struct call *call)
{
	struct replay *replay = context;

	call->op = (uint32_t)(op - replay->history->ops.items);
	return op->type != OP_FAIL &&
	       (!tokens_is_get(replay->history, op) || op->type == OP_OK);
}

static uint32_t
replay_init(void *context)
{
	(void)context;
	return 0;
}

static bool
replay_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct replay *replay = context;
	const struct op *op = &replay->history->ops.items[call->op];
	struct bytes text = tokens_text(replay->history, op);

	*next = state;
	if (tokens_is_get(replay->history, op))
		return text.len == replay->now.len &&
		       memcmp(text.data, buf_text(&replay->now), text.len) == 0;
	if (tokens_is_put(replay->history, op))
		buf_clear(&replay->now);
	buf_append(&replay->now, text.data, text.len);
	return true;
}

const struct model model_tokens_replay = {.name = "tokens, replayed",
					  .open = replay_open,
					  .close = replay_close,
					  .decode = replay_decode,
					  .init = replay_init,
					  .step = replay_step};

/* ---- invalid -------------------------------------------------------------------------- */

/* Where an operation stands: in the block that begins with this token, behind so many
 * others. A get stands behind the token that it ends with. */
struct standing {
	uint32_t block;
	size_t rank;
	uint32_t begins, ends; /* positions; OP_NEVER: no end */
};

struct proof {
	const struct key_ops *key;
	struct token_table table;
	struct standing *of_token; /* owned; by token */
	struct parsed parsed;
};

#define BLOCK_INITIAL (TOKEN_NONE - 1)

static uint32_t
block_of(const struct parsed *parsed)
{
	return parsed->is_rooted ? parsed->tokens.items[0] : BLOCK_INITIAL;
}

static enum parse_outcome
parse(struct proof *proof, const struct op *op)
{
	return token_table_parse(&proof->table, tokens_text(proof->key->history, op),
				 &proof->parsed);
}

/* Each token where the first get that has it shows it; the others alone. */
static void
stand_all(struct proof *proof)
{
	size_t count = proof->table.writers.count;

	proof->of_token = mem_new(count + 1, sizeof(*proof->of_token));
	for (uint32_t token = 0; token < count; token++)
		proof->of_token[token].block = TOKEN_NONE;
	for (uint32_t i = 0; i < proof->key->count; i++) {
		const struct op *op = key_op(proof->key, i);
		if (!tokens_is_get(proof->key->history, op) || op->type != OP_OK ||
		    parse(proof, op) != PARSE_ONE)
			continue;
		for (size_t k = 0; k < proof->parsed.tokens.count; k++) {
			struct standing *at =
				&proof->of_token[proof->parsed.tokens.items[k]];
			if (at->block == TOKEN_NONE)
				*at = (struct standing){.block = block_of(&proof->parsed),
							.rank = 2 * k + 2};
		}
	}
	for (uint32_t token = 0; token < count; token++)
		if (proof->of_token[token].block == TOKEN_NONE)
			proof->of_token[token].block = token;
}

/* False: it says nothing, or cannot be read. */
static bool
stand(struct proof *proof, uint32_t index, struct standing *at)
{
	const struct op *op = &proof->key->history->ops.items[index];
	bool is_get = tokens_is_get(proof->key->history, op);

	if (op->type == OP_FAIL || (is_get && op->type != OP_OK))
		return false;
	if (is_get) {
		if (parse(proof, op) != PARSE_ONE)
			return false;
		at->block = block_of(&proof->parsed);
		at->rank = 2 * proof->parsed.tokens.count + 1;
	} else {
		struct bytes text = tokens_text(proof->key->history, op);
		uint32_t token = intern_find(&proof->table.texts, text.data, text.len);
		if (token == TOKEN_NONE)
			return false;
		*at = proof->of_token[token];
	}
	at->begins = op->invoke_at;
	at->ends = op->complete_at;
	return true;
}

/* Some operation of block a is over before one of block b begins. */
static bool
precedes(const struct standing *all, size_t count, uint32_t a, uint32_t b)
{
	if (a == BLOCK_INITIAL)
		return true;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (all[i].block == a && all[j].block == b &&
			    all[i].ends < all[j].begins)
				return true;
	return false;
}

/* Within a block ranks are against real time; or two blocks precede each other. */
static bool
is_impossible(const struct standing *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			const struct standing *a = &all[i], *b = &all[j];
			if (a->block == b->block && a->rank < b->rank &&
			    b->ends < a->begins)
				return true;
			if (a->block != b->block &&
			    precedes(all, count, a->block, b->block) &&
			    precedes(all, count, b->block, a->block))
				return true;
		}
	return false;
}

static bool
has_token_twice(const struct parsed *parsed)
{
	for (size_t i = 0; i < parsed->tokens.count; i++)
		for (size_t k = i + 1; k < parsed->tokens.count; k++)
			if (parsed->tokens.items[i] == parsed->tokens.items[k])
				return true;
	return false;
}

/* The tokens of the value do not stand where other gets show them. */
static bool
is_elsewhere(const struct proof *proof)
{
	const struct parsed *parsed = &proof->parsed;

	for (size_t k = 0; k < parsed->tokens.count; k++) {
		const struct standing *at = &proof->of_token[parsed->tokens.items[k]];
		if (at->block != block_of(parsed) || at->rank != 2 * k + 2)
			return true;
	}
	return false;
}

/* Two gets of one block neither of which begins with the other. */
static bool
are_forked(struct proof *proof, const struct op *a, const struct op *b)
{
	struct bytes x = tokens_text(proof->key->history, a);
	struct bytes y = tokens_text(proof->key->history, b);
	size_t least = x.len < y.len ? x.len : y.len;

	if (!tokens_is_get(proof->key->history, a) ||
	    !tokens_is_get(proof->key->history, b) || parse(proof, a) != PARSE_ONE)
		return false;
	uint32_t block = block_of(&proof->parsed);
	return parse(proof, b) == PARSE_ONE && block_of(&proof->parsed) == block &&
	       memcmp(x.data, y.data, least) != 0;
}

static bool
shows(struct proof *proof, const struct anomaly *anomaly)
{
	const struct op *ops = proof->key->history->ops.items;
	struct standing all[LINEARIZABLE_WITNESSES];
	size_t count = 0;

	vec_each (const uint32_t, a, &anomaly->ops) {
		const struct op *op = &ops[*a];
		bool is_answer =
			tokens_is_get(proof->key->history, op) && op->type == OP_OK;
		enum parse_outcome outcome = is_answer ? parse(proof, op) : PARSE_ONE;
		if (outcome == PARSE_NONE ||
		    (is_answer && outcome == PARSE_ONE &&
		     (has_token_twice(&proof->parsed) || is_elsewhere(proof))))
			return true;
		vec_each (const uint32_t, b, &anomaly->ops)
			if (is_answer && are_forked(proof, op, &ops[*b]))
				return true;
		if (count < LINEARIZABLE_WITNESSES && stand(proof, *a, &all[count]))
			count++;
	}
	return is_impossible(all, count);
}

bool
tokens_contradict(const struct key_ops *key, const struct check_options *options,
		  const struct anomaly *anomaly)
{
	struct proof proof = {.key = key};

	token_table_init(&proof.table, key, options);
	if (proof.table.is_unique)
		stand_all(&proof);
	bool holds = proof.table.is_unique && shows(&proof, anomaly);
	free(proof.of_token);
	vec_release(&proof.parsed.tokens);
	token_table_release(&proof.table);
	return holds;
}
