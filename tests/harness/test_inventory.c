#include "base/file.h"
#include "harness/hosts/inventory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char path[] = "/tmp/faultline-inventory-XXXXXX";

static bool
read_text(struct inventory *inventory, const char *text, size_t bytes, struct err *err)
{
	assert_true(file_write(path, text, bytes, err));
	return inventory_read(inventory, path, err);
}

static void
list_gives_names_users_and_ports(void **state)
{
	struct inventory inventory = {0};
	struct err err = {0};

	(void)state;
	assert_true(inventory_add_list(
		&inventory, "a,b.example:2222,me@c,you@[fd77::1]:22,::1", &err));
	assert_int_equal(inventory.hosts.count, 5);
	const struct inventory_host *hosts = inventory.hosts.items;
	assert_string_equal(hosts[0].name, "a");
	assert_int_equal(hosts[0].port, 0);
	assert_null(hosts[0].user);
	assert_string_equal(hosts[1].name, "b.example");
	assert_int_equal(hosts[1].port, 2222);
	assert_string_equal(hosts[2].user, "me");
	assert_string_equal(hosts[2].name, "c");
	assert_string_equal(hosts[3].name, "fd77::1");
	assert_string_equal(hosts[3].user, "you");
	assert_int_equal(hosts[3].port, 22);
	assert_string_equal(hosts[4].name, "::1");
	inventory_release(&inventory);
}

static void
bad_lists_are_refused_with_the_reason(void **state)
{
	static const char *const bad[][2] = {
		{"", "the list of hosts is empty"},
		{",,", "the list of hosts is empty"},
		{"a,a", "host 'a' is named twice"},
		{"a:", "is not a whole number"},
		{"a:0", "is not between 1 and 65535"},
		{"a:65536", "is not between 1 and 65535"},
		{"a:ssh", "'ssh' is not a whole number"},
		{"@a", "'@a' has no user"},
		{"me@", "a host has no name"},
		{"[::1", "without its ']'"},
		{"[::1]x", "without its ']'"},
		{"-oProxyCommand=x", "begins with '-'"},
		{"a b", "' holds '"},
		{"../a", "' holds '"},
		{"a'b", "' holds '"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct inventory inventory = {0};
		struct err err = {0};
		assert_false(inventory_add_list(&inventory, bad[i][0], &err));
		if (strstr(err.text, bad[i][1]) == NULL)
			fail_msg("'%s': '%s'", bad[i][0], err.text);
		inventory_release(&inventory);
	}
}

static void
file_gives_all_that_a_host_has(void **state)
{
	static const char text[] =
		"# our hosts\n\n"
		"n1 address=10.0.0.1 address6=fd00::1 port=2201 user=root identity=/k "
		"known-hosts=/kh folder=/srv/f   # the first\r\n"
		"  n2\tpassword=a=b ssh-address=gate proxy=ssh -W %h:%p gate\n"
		"n3";
	struct inventory inventory = {0};
	struct err err = {0};

	(void)state;
	if (!read_text(&inventory, text, strlen(text), &err))
		fail_msg("%s", err.text);
	assert_int_equal(inventory.hosts.count, 3);
	const struct inventory_host *hosts = inventory.hosts.items;
	assert_string_equal(hosts[0].address, "10.0.0.1");
	assert_string_equal(hosts[0].address6, "fd00::1");
	assert_int_equal(hosts[0].port, 2201);
	assert_string_equal(hosts[0].user, "root");
	assert_string_equal(hosts[0].identity, "/k");
	assert_string_equal(hosts[0].known_hosts, "/kh");
	assert_string_equal(hosts[0].folder, "/srv/f");
	assert_string_equal(hosts[1].password, "a=b");
	assert_string_equal(hosts[1].ssh_address, "gate");
	assert_string_equal(hosts[1].proxy_command, "ssh -W %h:%p gate");
	assert_string_equal(hosts[2].name, "n3");
	assert_null(hosts[2].user);
	assert_false(hosts[2].any_host_key);
	inventory_release(&inventory);
}

static void
bad_files_are_refused_with_file_line_and_reason(void **state)
{
	static const struct {
		const char *text;
		size_t bytes;
		const char *reason, *hint;
	} bad[] = {
		{"", 0, "names no host", ""},
		{"# nothing\n", 10, "names no host", ""},
		{"a\nb usr=x\n", 10, ":2: 'usr' is nothing that a host has", "'user'"},
		{"a port=x\n", 9, ":1: port: 'x' is not a whole number", ""},
		{"a user=x user=y\n", 16, ":1: 'user' of host 'a' is said twice", ""},
		{"a\n\na\n", 5, ":3: host 'a' is named twice", ""},
		{"a root\n", 7, ":1: 'root' is no name=value pair", ""},
		{"a\0b\n", 4, "is not a text file", ""},
		{"user=x a\n", 9, ":1: host name 'user=x' holds '='", ""},
		{"\177ELF\2\1\1\0\0", 9, "is not a text file", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct inventory inventory = {0};
		struct err err = {0};
		assert_false(read_text(&inventory, bad[i].text, bad[i].bytes, &err));
		if (strstr(err.text, bad[i].reason) == NULL ||
		    strstr(err.hint, bad[i].hint) == NULL ||
		    strstr(err.text, path) == NULL)
			fail_msg("'%s': '%s' (%s)", bad[i].text, err.text, err.hint);
		inventory_release(&inventory);
	}
}

static void
missing_file_and_folder_are_refused(void **state)
{
	struct inventory inventory = {0};
	struct err err = {0};

	(void)state;
	assert_false(inventory_read(&inventory, "/nowhere/hosts", &err));
	assert_non_null(strstr(err.text, "/nowhere/hosts"));
	assert_false(inventory_read(&inventory, "/tmp", &err));
	inventory_release(&inventory);
}

static void
there_is_a_largest_number_of_hosts(void **state)
{
	struct inventory inventory = {0};
	struct err err = {0};
	char name[16];

	(void)state;
	for (int i = 0; i < INVENTORY_HOSTS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_non_null(inventory_add(&inventory, name, &err));
	}
	assert_null(inventory_add(&inventory, "more", &err));
	assert_non_null(strstr(err.text, "one too many"));
	inventory_release(&inventory);
}

static int
start(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
stop(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_gives_names_users_and_ports),
		cmocka_unit_test(bad_lists_are_refused_with_the_reason),
		cmocka_unit_test(file_gives_all_that_a_host_has),
		cmocka_unit_test(bad_files_are_refused_with_file_line_and_reason),
		cmocka_unit_test(missing_file_and_folder_are_refused),
		cmocka_unit_test(there_is_a_largest_number_of_hosts),
	};
	return cmocka_run_group_tests_name("inventory", tests, start, stop);
}
