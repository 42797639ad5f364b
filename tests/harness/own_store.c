#include "tests/harness/own_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct store *
own_store(const char *folder)
{
	struct err err;
	const struct store_run head = {.name = "own",
				       .system = "none",
				       .workload = "none",
				       .faults = "none",
				       .command = "faultline run",
				       .version = "test"};
	struct store *store = store_create(folder, &head, &err);

	if (store == NULL)
		fail_msg("%s", err.text);
	return store;
}
