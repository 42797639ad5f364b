/* The page about checkers: none may be missing there. */
#include "base/file.h"
#include "base/mem.h"
#include "checkers/checker.h"
#include "checkers/choice.h"
#include "checkers/online/online.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
every_checker_stands_in_the_page(void **state)
{
	size_t count;
	const struct checker *const *checkers = checkers_all(&count);
	struct buf page = {0};
	struct err err;

	(void)state;
	if (!file_read("docs/CHECKERS.md", 0, &page, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < count; i++) {
		char *word = mem_format("`%s`", checkers[i]->name);
		if (strstr(buf_text(&page), word) == NULL)
			fail_msg("docs/CHECKERS.md does not tell of %s", word);
		free(word);
	}
	buf_release(&page);
}

/* Whoever writes a history finds there what the checkers that are chosen read. */
static void
the_operations_of_every_checker_that_can_be_chosen_are_told(void **state)
{
	size_t count;
	const struct choice *table = choice_table(&count);
	struct buf page = {0};
	struct err err;

	(void)state;
	if (!file_read("docs/FORMATS.md", 0, &page, &err))
		fail_msg("%s", err.text);
	char *section = strstr(buf_text(&page), "## Operations");
	assert_non_null(section);
	char *end = strstr(section + 1, "\n## ");
	assert_non_null(end);
	*end = '\0';
	for (size_t i = 0; i < count; i++) {
		char *word = mem_format("`%s`", table[i].checker->name);
		if (strstr(section, word) == NULL)
			fail_msg("docs/FORMATS.md does not tell what %s reads", word);
		free(word);
	}
	buf_release(&page);
}

/* What is found on the way and what is left to the end is told for each. */
static void
every_online_decider_has_a_row_in_the_page(void **state)
{
	size_t count;
	const struct online_decider *const *deciders = online_deciders(&count);
	struct buf page = {0};
	struct err err;

	(void)state;
	if (!file_read("docs/CHECKERS.md", 0, &page, &err))
		fail_msg("%s", err.text);
	const char *section = strstr(buf_text(&page), "## While the run goes on");
	assert_non_null(section);
	for (size_t i = 0; i < count; i++) {
		char *row = mem_format("| `%s` |", online_decider_name(deciders[i]));
		if (strstr(section, row) == NULL)
			fail_msg("docs/CHECKERS.md has no row of %s online", row);
		free(row);
	}
	buf_release(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_checker_stands_in_the_page),
		cmocka_unit_test(
			the_operations_of_every_checker_that_can_be_chosen_are_told),
		cmocka_unit_test(every_online_decider_has_a_row_in_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
