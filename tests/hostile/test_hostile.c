/* Every target takes its seeds, what a fuzzer once found, and mutants of both. With
 * arguments, `test_hostile TARGET FILE...`, it takes these files and says which. More mutants
 * with FAULTLINE_MUTANTS=N (of each target). */
#include "tests/hostile/hostile.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tests/base/mutant.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	MUTANTS = 300,
	INPUT_BYTES_MAX = 1 << 14
};

/* A copy without a byte to spare, so that a sanitizer sees every step beyond its end. */
static void
take_exactly(const struct hostile *target, const struct buf *input)
{
	char *exact = mutant_exact(input);

	target->take(target->argument, (struct bytes){exact, input->len});
	free(exact);
}

static void
read_input(const char *path, struct buf *input)
{
	struct err err;

	buf_clear(input);
	if (!file_read(path, 0, input, &err))
		fail_msg("%s", err.text);
}

static void
find_seeds(const struct hostile *target, glob_t *files)
{
	char *own = mem_format("tests/hostile/inputs/%s/*", target->name);

	glob(own, 0, NULL, files);
	if (target->seeds != NULL)
		glob(target->seeds, GLOB_APPEND | GLOB_BRACE, NULL, files);
	free(own);
}

static void
take_mutants(const struct hostile *target, const glob_t *files, size_t count)
{
	static const char spice[] = "{}[]()\"\\:,#_-+.0e9 \n\t\0\xff\xc3";
	struct buf input = {0};
	struct rng rng;

	rng_init(&rng, 20261121);
	for (size_t i = 0; i < count; i++) {
		read_input(files->gl_pathv[rng_below(&rng, files->gl_pathc)], &input);
		for (uint64_t k = 1 + rng_below(&rng, 5); k > 0 && input.len > 0; k--)
			mutant_step(&rng, &input,
				    (struct bytes){spice, sizeof(spice) - 1});
		if (input.len <= INPUT_BYTES_MAX)
			take_exactly(target, &input);
	}
	buf_release(&input);
}

static void
take_all(const struct hostile *target)
{
	const char *wanted = getenv("FAULTLINE_MUTANTS");
	size_t mutants = wanted != NULL ? strtoul(wanted, NULL, 10) : MUTANTS;
	struct buf input = {0};
	glob_t files;

	find_seeds(target, &files);
	if (files.gl_pathc == 0)
		fail_msg("%s has no seeds", target->name);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		read_input(files.gl_pathv[i], &input);
		take_exactly(target, &input);
	}
	take_mutants(target, &files, mutants);
	globfree(&files);
	buf_release(&input);
}

static void
every_target_takes_its_seeds_and_mutants_of_them(void **state)
{
	(void)state;
	for (const struct hostile *target = hostile_targets; target->name; target++)
		take_all(target);
}

static int
take_files(const char *name, char **paths, int count)
{
	const struct hostile *target = hostile_find(name);
	struct buf input = {0};

	if (target == NULL) {
		fprintf(stderr, "no target is called '%s'\n", name);
		return 254;
	}
	for (int i = 0; i < count; i++) {
		printf("%s\n", paths[i]);
		fflush(stdout);
		read_input(paths[i], &input);
		take_exactly(target, &input);
	}
	buf_release(&input);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_target_takes_its_seeds_and_mutants_of_them),
	};

	if (argc > 2)
		return take_files(argv[1], argv + 2, argc - 2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
