/* Events read one line after the other from something that may still grow. */
#include "results/formats/event_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static const struct reader_options plain;

struct heard {
	size_t events;
	uint32_t last_process;
	int64_t last_value;
};

static bool
hear(void *context, const struct history *names, const struct event *event,
     struct err *err)
{
	struct heard *heard = context;

	(void)names;
	(void)err;
	heard->events++;
	heard->last_process = event->process;
	val_small_number(event->value, &heard->last_value);
	return true;
}

static void
put(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* A stream of what a pipe holds; the other end is closed. */
static struct event_stream *
stream_of(const char *text, int *fd, struct err *err)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	put(ends[1], text);
	close(ends[1]);
	*fd = ends[0];
	return event_stream_open(ends[0], "a pipe", &plain, err);
}

#define WRITE(process, value)                                                            \
	"{\"type\":\"invoke\",\"process\":" #process                                     \
	",\"f\":\"write\",\"value\":" #value "}\n"

static void
events_come_in_order_and_the_nemesis_is_left_out(void **state)
{
	struct heard heard = {0};
	bool more = true;
	struct err err;
	int fd;

	(void)state;
	struct event_stream *stream = stream_of(
		WRITE(0,
		      5) "{\"type\":\"info\",\"process\":\"nemesis\",\"f\":\"kill\"}\n"
			 "\n" WRITE(3,
				    7) "{\"type\":\"ok\",\"process\":3,\"f\":\"write\","
				       "\"value\":9}",
		&fd, &err);
	assert_non_null(stream);
	while (more)
		assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.events, 3);
	assert_int_equal(heard.last_process, 3);
	assert_int_equal(heard.last_value, 9);
	event_stream_close(stream);
	close(fd);
}

/* A line is heard when it is whole, not before, and without waiting for the next. */
static void
lines_are_heard_as_they_come(void **state)
{
	struct heard heard = {0};
	struct buf first = {0};
	struct err err;
	bool more;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < EVENT_STREAM_HEAD_LINES; i++)
		buf_printf(&first,
			   "{\"type\":\"invoke\",\"process\":%d,\"f\":\"read\"}\n", i);
	put(ends[1], buf_text(&first));
	struct event_stream *stream = event_stream_open(ends[0], "a pipe", &plain, &err);
	assert_non_null(stream);
	assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.events, EVENT_STREAM_HEAD_LINES);
	put(ends[1], WRITE(900, 1) "{\"type\":\"inv");
	assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.last_process, 900);
	put(ends[1], "oke\",\"process\":901,\"f\":\"write\",\"value\":2}\n");
	assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.last_process, 901);
	assert_true(more);
	close(ends[1]);
	assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_false(more);
	event_stream_close(stream);
	close(ends[0]);
	buf_release(&first);
}

static void
assert_breaks(const char *text, const char *problem)
{
	struct heard heard = {0};
	bool more = true, ok = true;
	struct err err;
	int fd;
	struct event_stream *stream = stream_of(text, &fd, &err);

	ok = stream != NULL;
	while (ok && more)
		ok = event_stream_next(stream, hear, &heard, &more, &err);
	assert_false(ok);
	if (strstr(err.text, problem) == NULL)
		fail_msg("'%s' is not in '%s'", problem, err.text);
	event_stream_close(stream);
	close(fd);
}

static void
bad_lines_are_named_by_line_and_column(void **state)
{
	(void)state;
	assert_breaks("", "'a pipe' is empty");
	assert_breaks(WRITE(0, 1) WRITE(1, 1) "{\"type\":\"huh\",\"process\":0}\n",
		      "a pipe:3:9: the type must be");
	assert_breaks(WRITE(0, 1) "{\"process\":0,\"f\":\"read\"}\n",
		      "a pipe:2:1: the operation has no type");
	assert_breaks(
		"{\"type\":\"ok\",\"process\":0,\"f\":\"read\",\"start\":1,\"end\":2}\n",
		"does not stand in the order of events");
	assert_breaks("what is this\n", "no history format");
}

static void
a_first_line_may_be_longer_than_what_is_read_at_once(void **state)
{
	struct heard heard = {0};
	struct buf text = {0};
	bool more = true;
	struct err err;
	int fd = memfd_create("long", MFD_CLOEXEC);

	(void)state;
	buf_string(&text,
		   "{\"type\":\"invoke\",\"process\":4,\"f\":\"write\",\"zzz\":\"");
	for (int i = 0; i < 3 << 20; i++)
		buf_char(&text, 'z');
	buf_string(&text, "\",\"value\":8}\n");
	put(fd, buf_text(&text));
	lseek(fd, 0, SEEK_SET);
	struct event_stream *stream = event_stream_open(fd, "long", &plain, &err);
	assert_non_null(stream);
	while (more)
		assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.events, 1);
	assert_int_equal(heard.last_value, 8);
	event_stream_close(stream);
	buf_release(&text);
	close(fd);
}

static void
edn_and_tuples_are_read_too(void **state)
{
	struct heard heard = {0};
	bool more = true;
	struct err err;
	int fd;

	(void)state;
	struct event_stream *stream = stream_of(
		"{:type :invoke, :process 4, :f :write, :value [1 6]}\n", &fd, &err);
	assert_non_null(stream);
	event_stream_take_tuples(stream);
	while (more)
		assert_true(event_stream_next(stream, hear, &heard, &more, &err));
	assert_int_equal(heard.last_value, 6);
	assert_string_equal(event_stream_format(stream)->name, "edn");
	event_stream_close(stream);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_in_order_and_the_nemesis_is_left_out),
		cmocka_unit_test(lines_are_heard_as_they_come),
		cmocka_unit_test(bad_lines_are_named_by_line_and_column),
		cmocka_unit_test(a_first_line_may_be_longer_than_what_is_read_at_once),
		cmocka_unit_test(edn_and_tuples_are_read_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
