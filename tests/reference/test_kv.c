#include "base/rng.h"
#include "reference/service/kv.h"
#include "reference/service/resp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Runs a command given as words between blanks; the reply with line ends as '|'. */
static const char *
run(struct service *kv, const char *text)
{
	static char shown[1024];
	struct bytes argv[RESP_ARGS_MAX];
	size_t argc;
	struct err err;
	char line[512];
	struct buf reply = {0};

	struct bytes in = {line, (size_t)snprintf(line, sizeof(line), "%s\n", text)};
	assert_int_equal(resp_parse(&in, argv, &argc, &err), RESP_DONE);
	service_kv.apply(kv, argv, argc, &reply);
	size_t at = 0;
	for (size_t i = 0; i < reply.len && at + 1 < sizeof(shown); i++) {
		if (reply.data[i] == '\n')
			continue;
		shown[at++] = reply.data[i];
		if (reply.data[i] == '\r')
			shown[at - 1] = '|';
	}
	shown[at] = '\0';
	buf_release(&reply);
	return shown;
}

struct row {
	const char *command, *reply;
};

static void
run_rows(const struct row *rows, size_t count)
{
	struct service *kv = service_kv.open();

	for (size_t i = 0; i < count; i++) {
		const char *reply = run(kv, rows[i].command);
		if (strcmp(reply, rows[i].reply) != 0)
			fail_msg("%s -> %s, not %s", rows[i].command, reply,
				 rows[i].reply);
	}
	service_kv.close(kv);
}
#define RUN_ROWS(rows) run_rows(rows, sizeof(rows) / sizeof(*(rows)))

static void
strings_answer_as_in_redis(void **state)
{
	static const struct row rows[] = {
		{"GET a", "$-1|"},
		{"SET a 1", "+OK|"},
		{"get a", "$1|1|"},
		{"APPEND a 23", ":3|"},
		{"GET a", "$3|123|"},
		{"STRLEN a", ":3|"},
		{"STRLEN no", ":0|"},
		{"APPEND new x", ":1|"},
		{"EXISTS a new no a", ":3|"},
		{"DEL a no", ":1|"},
		{"GET a", "$-1|"},
		{"SET a 1 NX", "+OK|"},
		{"SET a 2 nx", "$-1|"},
		{"GET a", "$1|1|"},
		{"SET a 2 XX", "+OK|"},
		{"SET no 2 XX", "$-1|"},
		{"SET a 2 EX", "-ERR syntax error|"},
		{"DBSIZE", ":2|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
cas_swaps_only_the_expected_value(void **state)
{
	static const struct row rows[] = {
		{"CAS a 1 2", ":0|"}, {"EXISTS a", ":0|"},   {"SET a 1", "+OK|"},
		{"CAS a 2 3", ":0|"}, {"GET a", "$1|1|"},    {"CAS a 1 20", ":1|"},
		{"GET a", "$2|20|"},  {"CAS a 2 30", ":0|"}, {"CAS a 20 20", ":1|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
numbers_count_and_refuse_to_overflow(void **state)
{
	static const struct row rows[] = {
		{"INCR n", ":1|"},
		{"INCR n", ":2|"},
		{"DECR n", ":1|"},
		{"INCRBY n -5", ":-4|"},
		{"GET n", "$2|-4|"},
		{"SET n 9223372036854775807", "+OK|"},
		{"INCR n", "-ERR increment or decrement would overflow|"},
		{"GET n", "$19|9223372036854775807|"},
		{"SET n x", "+OK|"},
		{"INCR n", "-ERR value is not an integer or out of range|"},
		{"INCRBY m x", "-ERR value is not an integer or out of range|"},
		{"EXISTS m", ":0|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
sets_hold_each_member_once(void **state)
{
	static const struct row rows[] = {
		{"SADD s a b a", ":2|"},
		{"SADD s b c", ":1|"},
		{"SCARD s", ":3|"},
		{"SMEMBERS s", "*3|$1|a|$1|b|$1|c|"},
		{"SISMEMBER s a", ":1|"},
		{"SISMEMBER s x", ":0|"},
		{"SISMEMBER no x", ":0|"},
		{"SREM s a x", ":1|"},
		{"SMEMBERS s", "*2|$1|c|$1|b|"},
		{"SREM s b c", ":2|"},
		{"EXISTS s", ":0|"},
		{"SMEMBERS s", "*0|"},
		{"SCARD s", ":0|"},
		{"SREM s a", ":0|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
lists_are_read_by_positions_from_both_ends(void **state)
{
	static const struct row rows[] = {
		{"RPUSH l a b c", ":3|"},
		{"RPUSH l d", ":4|"},
		{"LLEN l", ":4|"},
		{"LRANGE l 0 -1", "*4|$1|a|$1|b|$1|c|$1|d|"},
		{"LRANGE l 1 2", "*2|$1|b|$1|c|"},
		{"LRANGE l -2 100", "*2|$1|c|$1|d|"},
		{"LRANGE l -100 0", "*1|$1|a|"},
		{"LRANGE l 0 -100", "*0|"},
		{"LRANGE l 3 1", "*0|"},
		{"LRANGE l 4 5", "*0|"},
		{"LRANGE no 0 -1", "*0|"},
		{"LRANGE l x 1", "-ERR value is not an integer or out of range|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
wrong_type_is_said_and_changes_nothing(void **state)
{
	static const char wrong[] =
		"-WRONGTYPE Operation against a key holding the wrong kind of value|";
	const struct row rows[] = {
		{"SET a 1", "+OK|"},	  {"SADD s x", ":1|"},
		{"RPUSH l y", ":1|"},	  {"GET s", wrong},
		{"APPEND s x", wrong},	  {"CAS l y z", wrong},
		{"INCR s", wrong},	  {"SADD a x", wrong},
		{"SREM l x", wrong},	  {"SMEMBERS a", wrong},
		{"SISMEMBER l y", wrong}, {"RPUSH s y", wrong},
		{"LRANGE a 0 1", wrong},  {"STRLEN l", wrong},
		{"SCARD a", wrong},	  {"LLEN s", wrong},
		{"GET a", "$1|1|"},	  {"SMEMBERS s", "*1|$1|x|"},
		{"SET s over", "+OK|"},	  {"GET s", "$4|over|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
bad_commands_are_refused_by_name(void **state)
{
	static const struct row rows[] = {
		{"FOO a", "-ERR unknown command 'FOO'|"},
		{"GET", "-ERR wrong number of arguments for 'GET' command|"},
		{"get a b", "-ERR wrong number of arguments for 'GET' command|"},
		{"CAS a b", "-ERR wrong number of arguments for 'CAS' command|"},
		{"PING", "+PONG|"},
		{"ECHO hi", "$2|hi|"},
	};

	(void)state;
	RUN_ROWS(rows);
}

static void
commands_are_classified(void **state)
{
	static const struct {
		const char *name;
		size_t argc;
		enum command_class class;
	} rows[] = {
		{"GET", 2, COMMAND_READ},     {"SET", 3, COMMAND_WRITE},
		{"cas", 4, COMMAND_WRITE},    {"PING", 1, COMMAND_LOCAL},
		{"GET", 3, COMMAND_BAD},      {"NO", 1, COMMAND_UNKNOWN},
		{"SADD", 900, COMMAND_WRITE},
	};
	static struct bytes argv[RESP_ARGS_MAX];
	static char long_key[KV_KEY_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 1; i < RESP_ARGS_MAX; i++)
		argv[i] = (struct bytes){"x", 1};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		argv[0] = (struct bytes){rows[i].name, strlen(rows[i].name)};
		assert_int_equal(service_kv.classify(argv, rows[i].argc), rows[i].class);
	}
	argv[0] = (struct bytes){"GET", 3};
	argv[1] = (struct bytes){long_key, sizeof(long_key)};
	assert_int_equal(service_kv.classify(argv, 2), COMMAND_BAD);
	assert_int_equal(service_kv.classify(argv, 0), COMMAND_UNKNOWN);
}

static void
append_stops_at_the_size_of_a_value(void **state)
{
	struct service *kv = service_kv.open();
	static char half[KV_VALUE_BYTES_MAX / 2 + 1];
	struct bytes argv[] = {{"APPEND", 6}, {"k", 1}, {half, sizeof(half)}};
	struct buf reply = {0};

	(void)state;
	service_kv.apply(kv, argv, 3, &reply);
	assert_int_equal(reply.data[0], ':');
	buf_clear(&reply);
	service_kv.apply(kv, argv, 3, &reply);
	assert_int_equal(reply.data[0], '-');
	char expected[64];
	snprintf(expected, sizeof(expected), ":%zu|", sizeof(half));
	assert_string_equal(run(kv, "STRLEN k"), expected);
	buf_release(&reply);
	service_kv.close(kv);
}

static void
store_refuses_to_grow_beyond_its_limit_and_goes_on(void **state)
{
	struct service *kv = service_kv.open();
	static char value[KV_VALUE_BYTES_MAX];
	char key[16];
	struct buf reply = {0};
	int written = 0;

	(void)state;
	for (; written < 300; written++) {
		struct bytes argv[] = {
			{"SET", 3},
			{key, (size_t)snprintf(key, sizeof(key), "k%d", written)},
			{value, sizeof(value)}};
		buf_clear(&reply);
		service_kv.apply(kv, argv, 3, &reply);
		if (reply.data[0] == '-')
			break;
	}
	assert_in_range(written, 250, 256);
	assert_memory_equal(reply.data, "-OOM ", 5);
	assert_string_equal(run(kv, "DEL k0 k1"), ":2|");
	assert_string_equal(run(kv, "SET small 1"), "+OK|");
	buf_release(&reply);
	service_kv.close(kv);
}

/* Some thousand random commands, the same for the same seed. */
static void
run_random(struct service *kv, uint64_t seed, int count)
{
	static const char *const shapes[] = {
		"SET k%d %d",	"DEL k%d k%d",	 "SADD s%d %d", "SREM s%d %d",
		"RPUSH l%d %d", "APPEND k%d %d", "INCR n%d",	"DEL s%d l%d"};
	struct rng rng;
	char command[64];

	rng_init(&rng, seed);
	for (int i = 0; i < count; i++) {
		int a = (int)rng_below(&rng, 30), b = (int)rng_below(&rng, 30);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(command, sizeof(command), shapes[rng_below(&rng, 8)], a, b);
#pragma GCC diagnostic pop
		run(kv, command);
	}
}

static void
restored_state_is_the_same_and_stays_the_same(void **state)
{
	struct service *kv = service_kv.open(), *copy = service_kv.open();
	struct buf snapshot = {0}, again = {0};
	struct err err;

	(void)state;
	run_random(kv, 7, 5000);
	run_random(copy, 8, 100);
	service_kv.snapshot(kv, &snapshot);
	assert_true(service_kv.restore(copy, buf_bytes(&snapshot), &err));
	assert_true(service_kv.hash(kv) == service_kv.hash(copy));
	/* What comes later runs alike, down to the order of members. */
	run_random(kv, 9, 2000);
	run_random(copy, 9, 2000);
	buf_clear(&snapshot);
	service_kv.snapshot(kv, &snapshot);
	service_kv.snapshot(copy, &again);
	assert_int_equal(snapshot.len, again.len);
	assert_memory_equal(snapshot.data, again.data, again.len);
	buf_release(&snapshot);
	buf_release(&again);
	service_kv.close(kv);
	service_kv.close(copy);
}

static void
bytes_that_are_no_snapshot_are_refused_and_change_nothing(void **state)
{
	struct service *kv = service_kv.open();
	struct buf snapshot = {0};
	struct err err;

	(void)state;
	run_random(kv, 3, 200);
	uint64_t hash = service_kv.hash(kv);
	service_kv.snapshot(kv, &snapshot);
	for (size_t length = 0; length < snapshot.len; length++)
		assert_false(service_kv.restore(kv, (struct bytes){snapshot.data, length},
						&err));
	buf_char(&snapshot, 'x');
	assert_false(service_kv.restore(kv, buf_bytes(&snapshot), &err));
	assert_true(service_kv.hash(kv) == hash);
	buf_release(&snapshot);
	service_kv.close(kv);
}

static void
hash_tells_states_apart_and_not_their_histories(void **state)
{
	struct service *a = service_kv.open(), *b = service_kv.open();

	(void)state;
	assert_true(service_kv.hash(a) == service_kv.hash(b));
	run(a, "SADD s 1 2 3");
	run(b, "SADD s 3 1");
	assert_true(service_kv.hash(a) != service_kv.hash(b));
	run(b, "SADD s 2");
	assert_true(service_kv.hash(a) == service_kv.hash(b));
	run(a, "SET k v");
	run(b, "SET v k");
	assert_true(service_kv.hash(a) != service_kv.hash(b));
	service_kv.close(a);
	service_kv.close(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_answer_as_in_redis),
		cmocka_unit_test(cas_swaps_only_the_expected_value),
		cmocka_unit_test(numbers_count_and_refuse_to_overflow),
		cmocka_unit_test(sets_hold_each_member_once),
		cmocka_unit_test(lists_are_read_by_positions_from_both_ends),
		cmocka_unit_test(wrong_type_is_said_and_changes_nothing),
		cmocka_unit_test(bad_commands_are_refused_by_name),
		cmocka_unit_test(commands_are_classified),
		cmocka_unit_test(append_stops_at_the_size_of_a_value),
		cmocka_unit_test(store_refuses_to_grow_beyond_its_limit_and_goes_on),
		cmocka_unit_test(restored_state_is_the_same_and_stays_the_same),
		cmocka_unit_test(
			bytes_that_are_no_snapshot_are_refused_and_change_nothing),
		cmocka_unit_test(hash_tells_states_apart_and_not_their_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
