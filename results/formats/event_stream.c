#include "results/formats/event_stream.h"

#include "results/formats/event_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 1 << 20,
	VALUES_BYTES_MAX = 1 << 22, /* then the pool is cleared before the next lines */
};

struct event_stream {
	int fd;
	const char *name; /* borrowed */
	const struct format *format;
	struct history history; /* its pool and its names of functions */
	struct reading reading;
	struct buf bytes; /* read and not yet told */
	size_t whole;	  /* of these, up to the last end of a line */
	uint64_t told;	  /* bytes before them */
	size_t lines;	  /* before them */
	bool has_ended;
	bool are_tuples;
	event_taker *taker;
	void *context;
};

/* ---- bytes ---- */

static size_t
whole_lines(const struct buf *bytes)
{
	const char *last = bytes->len > 0 ? memrchr(bytes->data, '\n', bytes->len) : NULL;

	return last != NULL ? (size_t)(last - bytes->data) + 1 : 0;
}

static size_t
count_lines(const char *data, size_t bytes)
{
	size_t lines = 0;

	for (const char *at = data, *end = data + bytes;
	     at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; at++)
		lines++;
	return lines;
}

/* Reads once; a last line without an end counts as whole when the file ends. */
static bool
read_more(struct event_stream *stream, struct err *err)
{
	ssize_t got;

	if (stream->bytes.len - stream->whole > EVENT_STREAM_LINE_MAX)
		return err_set(err, "%s:%zu: a line of more than %d MB", stream->name,
			       stream->lines + 1, EVENT_STREAM_LINE_MAX >> 20);
	char *room = buf_room(&stream->bytes, CHUNK_BYTES);
	do
		got = read(stream->fd, room, CHUNK_BYTES);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, "read %s", stream->name);
	stream->bytes.len += (size_t)got;
	stream->has_ended = got == 0;
	stream->whole = got == 0 ? stream->bytes.len : whole_lines(&stream->bytes);
	return true;
}

static void
skip_mark(struct event_stream *stream)
{
	if (stream->bytes.len < 3 || memcmp(stream->bytes.data, "\xef\xbb\xbf", 3) != 0)
		return;
	buf_consume(&stream->bytes, 3);
	stream->whole = stream->whole >= 3 ? stream->whole - 3 : 0;
	stream->told = 3;
}

/* ---- events ---- */

static void
take_apart(const struct values *values, struct event *event)
{
	if (val_kind(event->value) != VAL_LIST || val_count(values, event->value) != 2)
		return;
	event->key = val_at(values, event->value, 0);
	event->value = val_at(values, event->value, 1);
}

static bool
take(void *context, const struct event *told, struct err *err)
{
	struct event_stream *stream = context;
	struct event event = *told;

	if (!event_is_complete(&event, err))
		return false;
	if (event.is_nemesis)
		return true;
	if (event.is_whole)
		return err_set(err,
			       "an operation with start and end does not stand in the "
			       "order of events");
	if (stream->are_tuples)
		take_apart(&stream->history.values, &event);
	return stream->taker(stream->context, &stream->history, &event, err);
}

static bool
fail_at(const struct event_stream *stream, struct err *err)
{
	const struct scan *scan = &stream->reading.scan;
	size_t line, column;

	scan_place(scan, scan->failed_at, &line, &column);
	return err_set(err, "%s:%zu:%zu: %s", stream->name, stream->lines + line, column,
		       scan->problem);
}

static void
clear_values(struct event_stream *stream)
{
	struct values *values = &stream->history.values;

	if (values->words.count * sizeof(uint64_t) + values->strings.text.len >
	    VALUES_BYTES_MAX)
		values_clear(values);
}

bool
event_stream_next(struct event_stream *stream, event_taker *taker, void *context,
		  bool *more, struct err *err)
{
	stream->taker = taker;
	stream->context = context;
	while (stream->whole == 0 && !stream->has_ended)
		if (!read_more(stream, err))
			return false;
	*more = stream->whole > 0;
	if (!*more)
		return true;
	clear_values(stream);
	scan_set_input(&stream->reading.scan,
		       (struct bytes){stream->bytes.data, stream->whole});
	bool is_edn = strcmp(stream->format->name, "edn") == 0;
	if (!event_maps_read(&stream->reading, is_edn ? SCAN_EDN : SCAN_JSON))
		return fail_at(stream, err);
	stream->told += stream->whole;
	stream->lines += count_lines(stream->bytes.data, stream->whole);
	buf_consume(&stream->bytes, stream->whole);
	stream->whole = 0;
	return true;
}

/* ---- life ---- */

/* A line at least, however long it is. */
static bool
is_head(const struct event_stream *stream)
{
	return stream->has_ended ||
	       (stream->whole > 0 &&
		(stream->bytes.len >= CHUNK_BYTES ||
		 count_lines(stream->bytes.data, stream->bytes.len) >=
			 EVENT_STREAM_HEAD_LINES));
}

static bool
read_head(struct event_stream *stream, struct err *err)
{
	do
		if (!read_more(stream, err))
			return false;
	while (!is_head(stream));
	skip_mark(stream);
	return stream->whole > 0 || err_set(err, "'%s' is empty", stream->name);
}

static bool
choose_format(struct event_stream *stream, const char *name, struct err *err)
{
	stream->format =
		name != NULL ? format_find(name, err)
			     : reader_sniff(event_stream_head(stream), stream->name, err);
	if (stream->format == NULL)
		return false;
	if (strcmp(stream->format->name, "jsonl") == 0 ||
	    strcmp(stream->format->name, "edn") == 0)
		return true;
	err_set(err, "format '%s' cannot be read event by event", stream->format->name);
	return err_hint(err, "JSON lines and EDN can");
}

struct event_stream *
event_stream_open(int fd, const char *name, const struct reader_options *options,
		  struct err *err)
{
	struct event_stream *stream = mem_new(1, sizeof(*stream));

	stream->fd = fd;
	stream->name = name;
	history_init(&stream->history);
	reader_begin(&stream->reading, options, &stream->history, (struct bytes){0});
	stream->reading.take = take;
	stream->reading.context = stream;
	if (read_head(stream, err) && choose_format(stream, options->format, err))
		return stream;
	event_stream_close(stream);
	return NULL;
}

void
event_stream_close(struct event_stream *stream)
{
	if (stream == NULL)
		return;
	reader_end(&stream->reading);
	history_release(&stream->history);
	buf_release(&stream->bytes);
	free(stream);
}

struct bytes
event_stream_head(const struct event_stream *stream)
{
	return (struct bytes){stream->bytes.data, stream->whole};
}

const struct format *
event_stream_format(const struct event_stream *stream)
{
	return stream->format;
}

void
event_stream_take_tuples(struct event_stream *stream)
{
	stream->are_tuples = true;
}

uint64_t
event_stream_offset(const struct event_stream *stream)
{
	return stream->told;
}
