/* tokens_parse.h - the tokens of one key, and values read as sequences of them. */
#ifndef CHECKERS_TOKENS_PARSE_H
#define CHECKERS_TOKENS_PARSE_H

#include "checkers/seed/tokens.h"

#define TOKEN_NONE UINT32_MAX

struct token_table {
	const struct key_ops *key;
	struct bytes init;
	struct intern texts;   /* id of a token */
	VEC(uint32_t) writers; /* by id: index in the key */
	VEC(size_t) lengths;   /* the different ones, few */
	VEC(uint8_t) ways;     /* scratch: by place in a value */
	VEC(uint32_t) came_by; /* scratch: the token that ends there */
	bool is_unique;	       /* each is written once, and none is empty */
};

/* A value as tokens. A value that does not begin with a put goes on from the initial one. */
struct parsed {
	VEC(uint32_t) tokens;
	bool is_rooted; /* the first one was put */
};

enum parse_outcome {
	PARSE_NONE, /* no sequence of tokens gives it */
	PARSE_ONE,
	PARSE_MANY,
};

void token_table_init(struct token_table *table, const struct key_ops *key,
		      const struct check_options *options);
void token_table_release(struct token_table *table);

/* O(length * different lengths of tokens). */
enum parse_outcome token_table_parse(struct token_table *table, struct bytes value,
				     struct parsed *parsed);

#endif
