#include "reference/service/resp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct bytes argv_[RESP_ARGS_MAX];
static size_t argc_;
static struct err err_;

static enum resp_outcome
parse(const char *text, size_t length)
{
	struct bytes in = {text, length};

	return resp_parse(&in, argv_, &argc_, &err_);
}

static void
request_is_parsed_only_when_its_last_byte_is_there(void **state)
{
	static const char text[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\na\r\nbc\r\n";

	(void)state;
	for (size_t length = 0; length < sizeof(text) - 1; length++)
		assert_int_equal(parse(text, length), RESP_MORE);
	assert_int_equal(parse(text, sizeof(text) - 1), RESP_DONE);
	assert_int_equal(argc_, 3);
	assert_int_equal(argv_[2].len, 5);
	assert_memory_equal(argv_[2].data, "a\r\nbc", 5);
}

static void
requests_behind_each_other_are_taken_one_by_one(void **state)
{
	struct bytes in = {"*1\r\n$4\r\nPING\r\nget a\r\n\r\n*0\r\n", 31};
	static const size_t expected[] = {1, 2, 0, 0};

	(void)state;
	in.len = strlen(in.data);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(resp_parse(&in, argv_, &argc_, &err_), RESP_DONE);
		assert_int_equal(argc_, expected[i]);
	}
	assert_int_equal(in.len, 0);
}

static void
inline_words_are_split_at_blanks(void **state)
{
	static const char text[] = "  set\t a   bc \r\n";

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1), RESP_DONE);
	assert_int_equal(argc_, 3);
	assert_int_equal(argv_[1].len, 1);
	assert_memory_equal(argv_[2].data, "bc", 2);
}

static void
garbage_is_refused_with_a_reason(void **state)
{
	static const char *const garbage[] = {"*-1\r\n",
					      "*x\r\n",
					      "*1025\r\n",
					      "*1\r\n+OK\r\n",
					      "*1\r\n$-1\r\n",
					      "*1\r\n$9999999\r\n",
					      "*1\r\n$1\r\nabc",
					      "*1\r\n$ 1\r\na\r\n",
					      "*111111111111111111111111111111111"};

	(void)state;
	for (size_t i = 0; i < sizeof(garbage) / sizeof(*garbage); i++) {
		err_.text[0] = '\0';
		assert_int_equal(parse(garbage[i], strlen(garbage[i])), RESP_BAD);
		assert_true(strlen(err_.text) > 0);
	}
}

static void
endless_inline_request_is_refused(void **state)
{
	static char text[RESP_INLINE_BYTES_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(parse(text, sizeof(text)), RESP_BAD);
	assert_int_equal(parse(text, 100), RESP_MORE);
}

static void
request_that_was_printed_parses_back(void **state)
{
	struct bytes words[] = {{"SET", 3}, {"", 0}, {"\0\r\n$", 4}};
	struct buf text = {0};

	(void)state;
	resp_request(&text, words, 3);
	assert_int_equal(parse(text.data, text.len), RESP_DONE);
	assert_int_equal(argc_, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(argv_[i].len, words[i].len);
		assert_memory_equal(argv_[i].data, words[i].data, words[i].len);
	}
	buf_release(&text);
}

static void
numbers_are_read_as_redis_reads_them(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t number;
	} rows[] = {
		{"0", true, 0},
		{"-1", true, -1},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"", false, 0},
		{"-", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"01", false, 0},
		{"-0", false, 0},
		{"1e3", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t number = 0;
		struct bytes word = {rows[i].text, strlen(rows[i].text)};
		assert_int_equal(resp_number(word, &number), rows[i].ok);
		if (rows[i].ok)
			assert_true(number == rows[i].number);
	}
}

static void
line_ends_in_an_error_cannot_pose_as_a_reply(void **state)
{
	struct buf text = {0};

	(void)state;
	resp_error(&text, "ERR unknown '%s'", "a\r\n+OK");
	assert_string_equal(buf_text(&text), "-ERR unknown 'a  +OK'\r\n");
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_is_parsed_only_when_its_last_byte_is_there),
		cmocka_unit_test(requests_behind_each_other_are_taken_one_by_one),
		cmocka_unit_test(inline_words_are_split_at_blanks),
		cmocka_unit_test(garbage_is_refused_with_a_reason),
		cmocka_unit_test(endless_inline_request_is_refused),
		cmocka_unit_test(request_that_was_printed_parses_back),
		cmocka_unit_test(numbers_are_read_as_redis_reads_them),
		cmocka_unit_test(line_ends_in_an_error_cannot_pose_as_a_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
