/* own_store.h - a run store for tests that record. */
#ifndef TESTS_HARNESS_OWN_STORE_H
#define TESTS_HARNESS_OWN_STORE_H

#include "results/store/store.h"

/* A new run below the folder; the test fails when there can be none. The caller closes. */
struct store *own_store(const char *folder);

#endif
