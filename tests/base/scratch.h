/* scratch.h - a folder for one test: made before it, removed after it, whatever it holds.
 *
 *	cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove) */
#ifndef TESTS_BASE_SCRATCH_H
#define TESTS_BASE_SCRATCH_H

/* Where it is, while the test runs. */
extern char scratch[64];

int scratch_make(void **state);
/* The same in memory where that is possible: for tests with many syncs. */
int scratch_make_fast(void **state);
int scratch_remove(void **state);

#endif
