/* test_protocol.c - lines between controller and agent, good and bad. */
#include "chaos/agent/protocol.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct request request;

static bool
read_line(const char *line, struct err *err)
{
	return request_read(&request, line, strlen(line), err);
}

static void
assert_refused(const char *line, const char *text)
{
	struct err err = {0};

	assert_false(read_line(line, &err));
	assert_non_null(strstr(err.text, text));
}

static void
a_request_is_number_verb_lease_and_words(void **state)
{
	struct err err;

	(void)state;
	assert_true(read_line("17 cut 3 10.0.0.2  fd77::2", &err));
	assert_int_equal(request.number, 17);
	assert_int_equal(request.verb, VERB_CUT);
	assert_int_equal(request.lease, 3);
	assert_int_equal(request.word_count, 2);
	assert_string_equal(request.words[1], "fd77::2");
	assert_true(read_line("18 beat", &err));
	assert_int_equal(request.lease, 0);
}

static void
every_verb_has_a_name_that_reads_back(void **state)
{
	(void)state;
	for (int verb = VERB_NONE + 1; verb < VERB_COUNT; verb++) {
		char line[64] = "1 ";
		struct err err;
		strcat(line, verb_name((enum verb)verb));
		/* What is missing behind it is named with the verb: it was understood. */
		if (!read_line(line, &err))
			assert_non_null(strstr(err.text, verb_name((enum verb)verb)));
		assert_int_equal(request.verb, verb);
	}
}

static void
bad_requests_are_refused_with_a_reason(void **state)
{
	(void)state;
	assert_refused("", "does not start with a number");
	assert_refused("beat", "does not start with a number");
	assert_refused("-1 beat", "does not start with a number");
	assert_refused("0 beat", "does not start with a number");
	assert_refused("99999999999999999999999 beat", "does not start with a number");
	assert_refused("1", "unknown request ''");
	assert_refused("1 explode", "unknown request 'explode'");
	assert_refused("1 cut", "needs the number of a lease");
	assert_refused("1 cut x 10.0.0.1", "needs the number of a lease");
	assert_refused("1 cut 4", "has 0 words");
	assert_refused("1 pause 4 a b", "has 2 words");
	assert_refused("1 beat now", "has 1 words");
	assert_refused("1 beat\t", "no printable text");
	assert_refused("1 beat\xff", "no printable text");
}

static void
the_number_is_kept_when_the_rest_is_bad(void **state)
{
	(void)state;
	assert_refused("41 explode", "unknown");
	assert_int_equal(request.number, 41);
}

static void
lines_and_words_have_a_bound(void **state)
{
	static char line[PROTOCOL_LINE_BYTES_MAX + 1];
	struct err err;

	(void)state;
	memset(line, 'x', sizeof(line));
	assert_false(request_read(&request, line, PROTOCOL_LINE_BYTES_MAX, &err));
	for (size_t i = 0; i < sizeof(line); i++)
		line[i] = i % 2 == 0 ? '1' : ' ';
	assert_false(request_read(&request, line, 2 * PROTOCOL_WORDS_MAX + 20, &err));
}

static void
garbage_never_gets_past_the_parser_half_read(void **state)
{
	static const char alphabet[] = "0123456789 cutbeatpauseprobehealkill-:.\t\xff";
	struct rng rng;
	char line[80];

	(void)state;
	rng_init(&rng, 20261121);
	for (int round = 0; round < 200000; round++) {
		struct err err = {0};
		size_t length = rng_below(&rng, sizeof(line));
		for (size_t i = 0; i < length; i++)
			line[i] = alphabet[rng_below(&rng, sizeof(alphabet) - 1)];
		if (!request_read(&request, line, length, &err)) {
			assert_true(err.text[0] != '\0');
			continue;
		}
		assert_true(request.number > 0 && request.verb != VERB_NONE);
		for (size_t i = 0; i < request.word_count; i++)
			assert_true(request.words[i] >= request.text &&
				    request.words[i] < request.text + length);
	}
}

static void
names_are_no_paths(void **state)
{
	(void)state;
	assert_true(protocol_is_name("faultline-node.1"));
	assert_false(protocol_is_name(""));
	assert_false(protocol_is_name(".."));
	assert_false(protocol_is_name("a/b"));
	assert_false(protocol_is_name("a b"));
	assert_false(protocol_is_name("a;b"));
}

/* Cuts number and '\n' off a reply, as a link does. */
static const char *
body_of(struct buf *out)
{
	out->data[out->len - 1] = '\0';
	return strchr(out->data, ' ') + 1;
}

static void
values_of_a_reply_read_back(void **state)
{
	struct buf out = {0};
	struct err err;
	char text[8];

	(void)state;
	reply_ok(&out, 5, "pids=12,13 ms=40 fd77::2=7 bad=x");
	const char *reply = body_of(&out);
	assert_true(reply_check(reply, &err));
	assert_int_equal(reply_number(reply, "ms", -1), 40);
	assert_int_equal(reply_number(reply, "fd77::2", -1), 7);
	assert_int_equal(reply_number(reply, "s", -1), -1);
	assert_int_equal(reply_number(reply, "bad", -1), -1);
	assert_int_equal(reply_number(reply, "pids", -1), -1);
	reply_text(reply, "pids", text, sizeof(text));
	assert_string_equal(text, "12,13");
	reply_text(reply, "none", text, sizeof(text));
	assert_string_equal(text, "");
	buf_release(&out);
}

static void
an_error_arrives_with_its_hint_on_one_line(void **state)
{
	struct buf out = {0};
	struct err sent, got = {0};

	(void)state;
	err_set(&sent, "nft said\ntwo lines");
	err_hint(&sent, "install it");
	reply_error(&out, 9, &sent);
	assert_ptr_equal(memchr(out.data, '\n', out.len), out.data + out.len - 1);
	assert_false(reply_check(body_of(&out), &got));
	assert_string_equal(got.text, "nft said two lines");
	assert_string_equal(got.hint, "install it");
	buf_release(&out);
}

static void
what_is_no_reply_is_an_error(void **state)
{
	struct err err = {0};

	(void)state;
	assert_false(reply_check("sh: faultline-agent: not found", &err));
	assert_non_null(strstr(err.text, "is no reply"));
	assert_false(reply_check("okay", &err));
	assert_false(reply_check("", &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_number_verb_lease_and_words),
		cmocka_unit_test(every_verb_has_a_name_that_reads_back),
		cmocka_unit_test(bad_requests_are_refused_with_a_reason),
		cmocka_unit_test(the_number_is_kept_when_the_rest_is_bad),
		cmocka_unit_test(lines_and_words_have_a_bound),
		cmocka_unit_test(garbage_never_gets_past_the_parser_half_read),
		cmocka_unit_test(names_are_no_paths),
		cmocka_unit_test(values_of_a_reply_read_back),
		cmocka_unit_test(an_error_arrives_with_its_hint_on_one_line),
		cmocka_unit_test(what_is_no_reply_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
