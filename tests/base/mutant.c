#include "tests/base/mutant.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	PIECE_MAX = 40
};

static void
take_out(struct buf *text, size_t at, size_t bytes)
{
	memmove(text->data + at, text->data + at + bytes, text->len - at - bytes);
	text->len -= bytes;
}

static void
double_piece(struct buf *text, size_t at, size_t bytes)
{
	char *copy = mem_bytes(text->data + at, bytes);

	buf_append(text, copy, bytes);
	free(copy);
}

void
mutant_step(struct rng *rng, struct buf *text, struct bytes spice)
{
	size_t at = rng_below(rng, text->len);
	size_t rest = text->len - at;
	size_t bytes = 1 + rng_below(rng, rest < PIECE_MAX ? rest : PIECE_MAX);

	switch (rng_below(rng, 5)) {
	case 0:
		text->len = at;
		break;
	case 1:
		text->data[at] = spice.data[rng_below(rng, spice.len)];
		break;
	case 2:
		text->data[at] ^= (char)(1 << rng_below(rng, 8));
		break;
	case 3:
		take_out(text, at, bytes);
		break;
	default:
		double_piece(text, at, bytes);
	}
}

char *
mutant_exact(const struct buf *text)
{
	char *exact = mem_new(text->len > 0 ? text->len : 1, 1);

	if (text->len > 0)
		memcpy(exact, text->data, text->len);
	return exact;
}
