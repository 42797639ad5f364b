/* What people type: options, numbers, durations, sizes, typos. */
#include "base/options.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static struct {
	const char *name;
	int64_t count, time_ns;
	uint64_t bytes;
	bool loud;
	struct strings words;
} got;

static const struct option_row rows[] = {
	{"name", 'n', OPTION_TEXT, &got.name, "NAME", "a name"},
	{"count", 'c', OPTION_INT, &got.count, "N", "a count"},
	{"time", 't', OPTION_DURATION, &got.time_ns, "TIME", "a time"},
	{"memory", 0, OPTION_SIZE, &got.bytes, "SIZE", "a size"},
	{"loud", 'l', OPTION_FLAG, &got.loud, NULL, "a flag"},
	{"word", 'w', OPTION_TEXTS, &got.words, "WORD", "words"},
	{0},
};

static bool
parse(struct err *err, int *argc, char **argv)
{
	char **words = argv;

	memset(&got, 0, sizeof(got));
	*argc = 0;
	while (argv[*argc] != NULL)
		++*argc;
	return options_parse(rows, argc, &words, err);
}

static void
all_spellings_of_an_option_are_read(void **state)
{
	char *argv[] = {"x",   "one", "--name=a", "-c5", "--time",   "250ms",
			"two", "-l",  "-w",	  "p",	 "--word=q", "--memory",
			"2g",  "--",  "--three",  NULL};
	struct err err;
	int argc;

	(void)state;
	assert_true(parse(&err, &argc, argv));
	assert_string_equal(got.name, "a");
	assert_int_equal(got.count, 5);
	assert_int_equal(got.time_ns, 250000000);
	assert_true(got.bytes == (uint64_t)2 << 30);
	assert_true(got.loud);
	assert_int_equal(got.words.of.count, 2);
	assert_int_equal(argc, 4);
	assert_string_equal(argv[1], "one");
	assert_string_equal(argv[2], "two");
	assert_string_equal(argv[3], "--three");
	strings_release(&got.words);
}

static void
a_flag_can_be_taken_back(void **state)
{
	char *argv[] = {"x", "--loud", "--no-loud", NULL};
	struct err err;
	int argc;

	(void)state;
	assert_true(parse(&err, &argc, argv));
	assert_false(got.loud);
}

static void
an_unknown_option_names_the_nearest(void **state)
{
	char *argv[] = {"x", "--cuont=3", NULL};
	struct err err;
	int argc;

	(void)state;
	assert_false(parse(&err, &argc, argv));
	assert_string_equal(err.text, "unknown option '--cuont'");
	assert_string_equal(err.hint, "did you mean '--count'?");
}

static void
bad_arguments_are_refused_with_the_option(void **state)
{
	char *number[] = {"x", "--count", "ten", NULL};
	char *missing[] = {"x", "--time", NULL};
	char *flag[] = {"x", "--loud=yes", NULL};
	struct err err;
	int argc;

	(void)state;
	assert_false(parse(&err, &argc, number));
	assert_string_equal(err.text, "option '--count': 'ten' is not a whole number");
	assert_false(parse(&err, &argc, missing));
	assert_string_equal(err.text, "option '--time' needs TIME");
	assert_false(parse(&err, &argc, flag));
	assert_string_equal(err.text, "option '--loud': takes no argument");
}

static void
durations_know_their_units(void **state)
{
	struct err err;
	int64_t ns;

	(void)state;
	assert_true(text_duration("30", &ns, &err) && ns == 30000000000);
	assert_true(text_duration("1.5s", &ns, &err) && ns == 1500000000);
	assert_true(text_duration("2h", &ns, &err) && ns == 7200000000000);
	assert_false(text_duration("5 parsecs", &ns, &err));
	assert_false(text_duration("-1s", &ns, &err));
	assert_false(text_duration("", &ns, &err));
	assert_false(text_duration("1e300h", &ns, &err));
}

static void
typos_find_their_word_and_strangers_do_not(void **state)
{
	static const char *const words[] = {"partition", "kill", "pause"};

	(void)state;
	assert_string_equal(text_nearest("patrition", words, 3), "partition");
	assert_string_equal(text_nearest("kil", words, 3), "kill");
	assert_string_equal(text_nearest("puase", words, 3), "pause");
	assert_null(text_nearest("earthquake", words, 3));
}

static void
sizes_are_read_with_the_units_people_write(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {{"17", 17},	  {"64k", 64 << 10},   {"1KB", 1 << 10},
		     {"200m", 200 << 20}, {"1.5MiB", 3 << 19}, {"2G", 2ULL << 30},
		     {"2gb", 2ULL << 30}, {"10B", 10}};
	static const char *const no_sizes[] = {"",    "k",     "1kk", "-1k",
					       "nan", "1e30g", "1 k"};
	uint64_t bytes;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_true(text_size(sizes[i].text, &bytes, &err));
		assert_int_equal(bytes, sizes[i].bytes);
	}
	for (size_t i = 0; i < sizeof(no_sizes) / sizeof(no_sizes[0]); i++)
		assert_false(text_size(no_sizes[i], &bytes, &err));
}

static void
numbers_are_written_as_printf_writes_them(void **state)
{
	static const int64_t numbers[] = {0,   1,	   -1,	      9,	 10,
					  -10, 1234567890, INT64_MAX, INT64_MIN, -99};
	struct buf written = {0}, printed = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		buf_number(&written, numbers[i]);
		buf_char(&written, ' ');
		buf_printf(&printed, "%lld ", (long long)numbers[i]);
	}
	assert_string_equal(buf_text(&written), buf_text(&printed));
	buf_release(&written);
	buf_release(&printed);
}

static void
what_is_printed_fits_however_little_room_there_is(void **state)
{
	(void)state;
	for (size_t before = 0; before < 200; before++) {
		struct buf buf = {0};
		for (size_t i = 0; i < before; i++)
			buf_char(&buf, '.');
		buf_printf(&buf, "%s-%d", "abc", 42);
		assert_int_equal(buf.len, before + 6);
		assert_string_equal(buf.data + before, "abc-42");
		buf_release(&buf);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_spellings_of_an_option_are_read),
		cmocka_unit_test(a_flag_can_be_taken_back),
		cmocka_unit_test(an_unknown_option_names_the_nearest),
		cmocka_unit_test(bad_arguments_are_refused_with_the_option),
		cmocka_unit_test(sizes_are_read_with_the_units_people_write),
		cmocka_unit_test(numbers_are_written_as_printf_writes_them),
		cmocka_unit_test(what_is_printed_fits_however_little_room_there_is),
		cmocka_unit_test(durations_know_their_units),
		cmocka_unit_test(typos_find_their_word_and_strangers_do_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
