#include "checkers/choice.h"

#define CHOICE(id, known_by, others) extern const struct checker checker_##id;
#include "checkers/choice.def"
#undef CHOICE

static const struct choice table[] = {
#define CHOICE(id, known_by, others) {&checker_##id, known_by, others},
#include "checkers/choice.def"
#undef CHOICE
};

enum {
	TABLE_COUNT = sizeof(table) / sizeof(table[0])
};

const struct choice *
choice_table(size_t *count)
{
	*count = TABLE_COUNT;
	return table;
}

/* Only a semaphore begins with a number; a lock is free. */
static struct choice
lock_or_semaphore(struct choice choice, const struct history *history,
		  const struct check_options *options)
{
	if (choice.checker != &checker_lock || val_kind(options->init) != VAL_INT ||
	    checker_semaphore.fits(history) == 0)
		return choice;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		if (table[i].checker == &checker_semaphore)
			choice = table[i];
	return choice;
}

struct choice
choice_of(const struct history *history, const struct check_options *options)
{
	const struct choice *possible = NULL;

	for (size_t i = 0; i < TABLE_COUNT; i++) {
		int fit = table[i].checker->fits(history);
		if (fit > FIT_POSSIBLE)
			return lock_or_semaphore(table[i], history, options);
		if (fit > 0 && possible == NULL)
			possible = &table[i];
	}
	return possible != NULL ? *possible : (struct choice){.others = ""};
}

const struct checker *
checker_choose(const struct history *history)
{
	return choice_of(history, &(struct check_options){0}).checker;
}
