#include "checkers/seed/tokens_parse.h"

#include <string.h>

static void
note_length(struct token_table *table, size_t length)
{
	vec_each (size_t, known, &table->lengths)
		if (*known == length)
			return;
	vec_push(&table->lengths, length);
}

void
token_table_init(struct token_table *table, const struct key_ops *key,
		 const struct check_options *options)
{
	struct op init = {.f = F_WRITE, .input = options->init};

	*table = (struct token_table){.key = key, .is_unique = true};
	table->init = tokens_text(key->history, &init);
	intern_init(&table->texts);
	for (uint32_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		struct bytes text = tokens_text(key->history, op);
		if (tokens_is_get(key->history, op) || op->type == OP_FAIL)
			continue;
		uint32_t id = intern_bytes(&table->texts, text.data, text.len);
		if (id != table->writers.count || text.len == 0) {
			table->is_unique = false;
			continue;
		}
		vec_push(&table->writers, i);
		note_length(table, text.len);
	}
}

void
token_table_release(struct token_table *table)
{
	intern_release(&table->texts);
	vec_release(&table->writers);
	vec_release(&table->lengths);
	vec_release(&table->ways);
	vec_release(&table->came_by);
}

static bool
is_put(const struct token_table *table, uint32_t token)
{
	return tokens_is_put(table->key->history,
			     key_op(table->key, table->writers.items[token]));
}

/* Notes which places a token from `at` leads to. A put stands at the beginning only. */
static void
step_from(struct token_table *table, struct bytes value, size_t at, bool takes_puts)
{
	vec_each (size_t, length, &table->lengths) {
		if (*length > value.len - at)
			continue;
		uint32_t token = intern_find(&table->texts, value.data + at, *length);
		if (token == TOKEN_NONE || is_put(table, token) != takes_puts)
			continue;
		uint8_t *ways = &table->ways.items[at + *length];
		*ways = (uint8_t)(*ways + table->ways.items[at] > 2
					  ? 2
					  : *ways + table->ways.items[at]);
		table->came_by.items[at + *length] = token;
	}
}

static void
walk_back(const struct token_table *table, size_t end, size_t from, struct parsed *parsed)
{
	vec_clear(&parsed->tokens);
	while (end > from) {
		uint32_t token = table->came_by.items[end];
		vec_push(&parsed->tokens, token);
		end -= intern_get(&table->texts, token).len;
		if (is_put(table, token))
			break;
	}
	for (size_t i = 0, n = parsed->tokens.count; i < n / 2; i++) {
		uint32_t token = parsed->tokens.items[i];
		parsed->tokens.items[i] = parsed->tokens.items[n - 1 - i];
		parsed->tokens.items[n - 1 - i] = token;
	}
	parsed->is_rooted =
		parsed->tokens.count > 0 && is_put(table, parsed->tokens.items[0]);
}

enum parse_outcome
token_table_parse(struct token_table *table, struct bytes value, struct parsed *parsed)
{
	bool has_init = value.len >= table->init.len &&
			memcmp(value.data, table->init.data, table->init.len) == 0;
	size_t from = has_init ? table->init.len : 0;

	vec_reserve(&table->ways, value.len + 1);
	vec_reserve(&table->came_by, value.len + 1);
	memset(table->ways.items, 0, value.len + 1);
	table->ways.items[0] = 1;
	step_from(table, value, 0, true);
	table->ways.items[0] = 0;
	if (has_init)
		table->ways.items[from]++;
	for (size_t at = 0; at < value.len; at++)
		if (table->ways.items[at] > 0)
			step_from(table, value, at, false);
	if (table->ways.items[value.len] == 1)
		walk_back(table, value.len, from, parsed);
	return table->ways.items[value.len] == 0   ? PARSE_NONE
	       : table->ways.items[value.len] == 1 ? PARSE_ONE
						   : PARSE_MANY;
}
