#include "base/file.h"
#include "reference/node/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct err err_;
static char path_[64];

/* Parses the words (NULL at the end) as flags behind the program's name. */
static bool
parse(struct config *config, const char *const *words)
{
	char *argv[32] = {"faultline-node"};
	int argc = 1;

	for (; words[argc - 1] != NULL; argc++)
		argv[argc] = (char *)words[argc - 1];
	config_init(config);
	err_clear(&err_);
	return config_parse(config, argc, argv, &err_);
}
#define PARSE(config, ...) parse(config, (const char *const[]){__VA_ARGS__, NULL})

static void
write_file(const char *text)
{
	assert_true(file_write(path_, text, strlen(text), &err_));
}

static int
make_path(void **state)
{
	(void)state;
	snprintf(path_, sizeof(path_), "/tmp/faultline-config-XXXXXX");
	int fd = mkstemp(path_);
	return close(fd);
}

static int
remove_path(void **state)
{
	(void)state;
	return unlink(path_);
}

static void
file_and_flags_together_make_a_configuration(void **state)
{
	struct config config;

	(void)state;
	write_file("# a node\n id = 2 # its number\n\npeers = "
		   "1=10.0.0.1:7000,2=[::1]:7001\r\n"
		   "data = /tmp/somewhere\nelection-ms = 500\nbug = stale-read\n");
	assert_true(PARSE(&config, "--election-ms", "700", "--config", path_,
			  "--listen=0.0.0.0:1234", "--bug", "unsynced-log"));
	assert_int_equal(config.id, 2);
	assert_int_equal(config.peer_count, 2);
	assert_string_equal(config_self(&config)->address.host, "::1");
	assert_int_equal(config_self(&config)->address.port, 7001);
	assert_string_equal(config.data, "/tmp/somewhere");
	assert_int_equal(config.election_ms, 700); /* the flag wins */
	assert_int_equal(config.heartbeat_ms, 50);
	assert_int_equal(config.listen.port, 1234);
	assert_true(bug_is_on(config.bugs, STALE_READ));
	assert_true(bug_is_on(config.bugs, UNSYNCED_LOG));
	assert_false(bug_is_on(config.bugs, EARLY_ACK));
}

static void
bad_line_is_refused_with_file_line_and_reason(void **state)
{
	static const struct {
		const char *line, *reason, *hint;
	} rows[] = {
		{"electon-ms = 5", "unknown setting 'electon-ms'",
		 "did you mean 'election-ms'?"},
		{"election-ms = soon", "election-ms: ", ""},
		{"election-ms = 1", "election-ms: ", ""},
		{"id = 0", "id: ", ""},
		{"no equals sign", "'no equals sign' is not NAME = VALUE", ""},
		{"peers = 1=a:1,1=b:2", "node 1 is named twice", ""},
		{"peers = a:1", "'a:1' is not ID=HOST:PORT", ""},
		{"peers = 1=a", "'a' is not HOST:PORT", ""},
		{"peers = 1=a:99999", "port of 'a:99999'", ""},
		{"listen = :80", "the host of ':80'", ""},
		{"data =", "data: ", ""},
		{"protocol = rafft", "unknown protocol 'rafft'", "did you mean 'raft'?"},
		{"bug = stale-reed", "unknown planted bug 'stale-reed'",
		 "did you mean 'stale-read'?"},
	};
	struct config config;
	char text[256], where[128];

	(void)state;
	snprintf(where, sizeof(where), "config '%s' line 3: ", path_);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(text, sizeof(text), "id = 1\n# comment\n%s\n", rows[i].line);
		write_file(text);
		assert_false(PARSE(&config, "--config", path_));
		if (strncmp(err_.text, where, strlen(where)) != 0 ||
		    strstr(err_.text, rows[i].reason) == NULL ||
		    strcmp(err_.hint, rows[i].hint) != 0)
			fail_msg("%s: %s (%s)", rows[i].line, err_.text, err_.hint);
	}
}

static void
bad_flags_are_refused_by_name(void **state)
{
	struct config config;

	(void)state;
	assert_false(PARSE(&config, "--heartbeet-ms", "5"));
	assert_non_null(strstr(err_.text, "flag --heartbeet-ms: unknown setting"));
	assert_string_equal(err_.hint, "did you mean 'heartbeat-ms'?");
	assert_false(PARSE(&config, "--id"));
	assert_string_equal(err_.text, "flag '--id' needs a value");
	assert_false(PARSE(&config, "word"));
	assert_string_equal(err_.text, "unexpected word 'word'");
	assert_false(PARSE(&config, "--config", "/nowhere/at/all"));
	assert_non_null(strstr(err_.text, "/nowhere/at/all"));
}

static void
configuration_that_makes_no_sense_is_refused(void **state)
{
	struct config config;

	(void)state;
	assert_false(PARSE(&config, "--data", "/tmp/x"));
	assert_string_equal(err_.text, "no id is set");
	assert_false(PARSE(&config, "--id", "1", "--peers", "1=a:1"));
	assert_string_equal(err_.text, "no data folder is set");
	assert_false(PARSE(&config, "--id", "3", "--peers", "1=a:1", "--data", "/tmp/x"));
	assert_string_equal(err_.text, "node 3 is not among the peers");
	assert_false(PARSE(&config, "--id", "1", "--peers", "1=a:1", "--data", "/tmp/x",
			   "--heartbeat-ms", "200"));
	assert_non_null(strstr(err_.text, "more than half of election-ms"));
	assert_true(PARSE(&config, "--id", "1", "--peers", "1=a:1", "--data", "/tmp/x"));
}

static void
more_nodes_than_a_protocol_takes_are_refused(void **state)
{
	struct config config;
	struct buf peers = {0};

	(void)state;
	for (int i = 1; i <= PROTOCOL_NODES_MAX + 1; i++)
		buf_printf(&peers, "%d=a:%d,", i, i);
	config_init(&config);
	assert_false(config_set(&config, "peers", buf_text(&peers), &err_));
	assert_non_null(strstr(err_.text, "more than 31 nodes"));
	buf_release(&peers);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_and_flags_together_make_a_configuration),
		cmocka_unit_test(bad_line_is_refused_with_file_line_and_reason),
		cmocka_unit_test(bad_flags_are_refused_by_name),
		cmocka_unit_test(configuration_that_makes_no_sense_is_refused),
		cmocka_unit_test(more_nodes_than_a_protocol_takes_are_refused),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
