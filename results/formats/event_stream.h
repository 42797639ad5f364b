/* event_stream.h - events of a file that may still grow, one line after the other, in
 * bounded memory: JSON lines and EDN, one or several whole events a line.
 *
 *	stream = event_stream_open(fd, "standard input", &options, &err);
 *	... event_stream_head: what came first, to choose by ...
 *	while (event_stream_next(stream, &more, &err) && more) ...
 *
 * Values live until the next call of event_stream_next. */
#ifndef RESULTS_EVENT_STREAM_H
#define RESULTS_EVENT_STREAM_H

#include "results/formats/reader.h"

enum {
	EVENT_STREAM_HEAD_LINES = 64,	  /* read before anything is decided */
	EVENT_STREAM_LINE_MAX = 64 << 20, /* bytes */
};

/* Takes an event that can be one (type, process, f are there) and is of a client. */
typedef bool event_taker(void *context, const struct history *names,
			 const struct event *event, struct err *err);

struct event_stream;

/* Waits for the first lines, or the end of the file. The descriptor is borrowed. */
struct event_stream *event_stream_open(int fd, const char *name,
				       const struct reader_options *options,
				       struct err *err);
void event_stream_close(struct event_stream *stream);

/* The whole lines that came first; valid until event_stream_next. */
struct bytes event_stream_head(const struct event_stream *stream);
const struct format *event_stream_format(const struct event_stream *stream);

/* Values are [key value] and are to be taken apart; false at first. */
void event_stream_take_tuples(struct event_stream *stream);

/* Tells all events that are there, waiting for some when there are none. *more is false when
 * the file has ended. False: a line cannot be read, or the taker refused. */
bool event_stream_next(struct event_stream *stream, event_taker *taker, void *context,
		       bool *more, struct err *err);

/* Bytes of the file up to the end of the last line told. */
uint64_t event_stream_offset(const struct event_stream *stream);

#endif
