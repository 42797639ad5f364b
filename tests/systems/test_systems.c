#include "systems/system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void
every_system_is_complete(void **state)
{
	size_t count;
	const struct system *const *all = systems_all(&count);

	(void)state;
	assert_true(count >= 3);
	for (size_t i = 0; i < count; i++) {
		const struct system *system = all[i];
		struct err err = {0};
		assert_ptr_equal(system_find(system->name, &err), system);
		assert_true(system->summary[0] != '\0');
		assert_true(system->supports != 0);
		assert_true(system->node_count_min >= 1);
		assert_non_null(system->client_open);
		assert_non_null(system->client_invoke);
		assert_non_null(system->client_close);
		if (system->in_process)
			continue;
		assert_non_null(system->daemon);
		assert_non_null(system->install);
		assert_non_null(system->start);
		assert_non_null(system->ready);
		assert_non_null(system->stop);
		assert_non_null(system->wipe);
		assert_non_null(system->leader);
		assert_non_null(system->logs);
	}
}

static void
unknown_system_names_the_nearest(void **state)
{
	struct err err = {0};

	(void)state;
	assert_null(system_find("etcdd", &err));
	assert_string_equal(err.text, "there is no system 'etcdd'");
	assert_string_equal(err.hint, "did you mean 'etcd'?");
	assert_null(system_find("", &err));
	assert_null(system_find("something-else", &err));
	assert_non_null(strstr(err.hint, "faultline list"));
}

static void
last_value_of_an_option_counts(void **state)
{
	struct cluster cluster = {0};

	(void)state;
	strings_push(&cluster.options, "port=1");
	strings_push(&cluster.options, "port-of-peer=3");
	strings_push(&cluster.options, "port=a=b");
	assert_string_equal(cluster_option(&cluster, "port", "0"), "a=b");
	assert_string_equal(cluster_option(&cluster, "por", "none"), "none");
	strings_release(&cluster.options);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_system_is_complete),
		cmocka_unit_test(unknown_system_names_the_nearest),
		cmocka_unit_test(last_value_of_an_option_counts),
	};
	return cmocka_run_group_tests_name("systems", tests, NULL, NULL);
}
