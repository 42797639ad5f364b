#include "tests/checkers/online_typed.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	LONG_OPS = 400,
};

void
online_tally_add(struct online_tally *tally, struct online_compared compared)
{
	tally->found += compared.is_found;
	tally->invalid += compared.is_invalid;
}

void
online_tally_expect(const struct online_tally *tally, const char *name,
		    size_t invalid_min, int found_percent)
{
	if (random_count_is_set())
		print_message("%s: %zu of %zu violations found online\n", name,
			      tally->found, tally->invalid);
	assert_true(tally->invalid > invalid_min);
	assert_true(tally->found * 100 >= tally->invalid * (size_t)found_percent);
}

static struct typed_shape
some_shape(struct rng *rng, size_t i, bool has_unique, bool is_complete, bool is_long)
{
	struct typed_shape shape = typed_some_shape(rng, 4 + i % 20);

	shape.has_unique = has_unique;
	if (is_long) {
		shape.ops = LONG_OPS;
		shape.wrong_percent = 1;
		shape.info_percent = is_complete ? 2 : 0;
	}
	if (i % 2 == 0)
		shape.wrong_percent = 0;
	return shape;
}

void
online_compare_typed(const char *checker, const struct typed *type, bool has_unique,
		     const struct online_options *options,
		     const struct check_options *check, bool is_complete,
		     int found_percent)
{
	/* The others are decided by search at the end. */
	bool is_quick = is_complete || (has_unique && strcmp(checker, "counter") != 0);
	size_t count = random_count(ONLINE_HISTORIES) / 4;
	struct online_tally tally = {0};
	struct rng rng;

	rng_init(&rng, 7);
	for (size_t i = 0; i < count; i++) {
		bool is_long = i % ONLINE_LONG_EACH == 1 && is_quick;
		struct typed_shape shape =
			some_shape(&rng, i, has_unique, is_complete, is_long);
		struct history history;
		typed_play(&history, type, &shape, &rng);
		online_tally_add(&tally, online_compare(checker, &history, options, check,
							is_complete));
		history_release(&history);
	}
	online_tally_expect(&tally, type->name, count / 50, found_percent);
}
