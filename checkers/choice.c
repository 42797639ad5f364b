#include "checkers/choice.h"

#include "checkers/transaction/rw_register.h"
#include "checkers/type/semaphore.h"

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

/* Only a semaphore begins with something; a lock is free. */
static bool
is_semaphore(const struct choice *choice, const struct history *history,
	     const struct check_options *options)
{
	return choice->checker == &checker_lock && options->init != VAL_OF_NIL &&
	       checker_semaphore.fits(history) > 0;
}

/* Where reads do not name their writes no level of isolation can be told. */
static bool
is_multi_register(const struct choice *choice, const struct history *history,
		  const struct check_options *options)
{
	return choice->checker == &checker_rw_register && options->level == NULL &&
	       rw_register_repeats(history, options->init) &&
	       checker_multi_register.fits(history) > 0;
}

/* A broken lock, or a semaphore: nothing but the number of permits tells them apart. */
static bool
is_shared_lock(const struct choice *choice, const struct history *history)
{
	return choice->checker == &checker_lock && semaphore_is_shared(history);
}

static struct choice
choice_for(const struct choice *choice, const struct history *history,
	   const struct check_options *options)
{
	if (is_semaphore(choice, history, options))
		return (struct choice){&checker_semaphore,
				       "acquire and release, and a number of permits",
				       "lock"};
	if (is_shared_lock(choice, history))
		return (struct choice){choice->checker,
				       "acquire and release, though more than one held "
				       "it at once",
				       choice->others};
	if (is_multi_register(choice, history, options))
		return (struct choice){&checker_multi_register,
				       "transactions that write a value again",
				       "rw-register (every value is written once)"};
	return *choice;
}

struct choice
choice_of(const struct history *history, const struct check_options *options)
{
	const struct choice *possible = NULL;

	for (size_t i = 0; i < TABLE_COUNT; i++) {
		int fit = table[i].checker->fits(history);
		if (fit > FIT_POSSIBLE)
			return choice_for(&table[i], history, options);
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
