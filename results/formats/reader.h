/* reader.h - reads a recorded history of any known format, and writes some.
 *
 * The formats stand in formats.def; each is one file, format_NAME.c. The format is found
 * from the content. Errors name file, line and column. Any bytes are safe; memory is
 * bounded. */
#ifndef RESULTS_READER_H
#define RESULTS_READER_H

#include "results/formats/events.h"
#include "results/formats/scan.h"

#include <stdio.h>

struct reader_options {
	const char *format; /* NULL: found from the content */
	const char *key;    /* NULL: automatic; "tuple"; "none"; or the name of a field */
	size_t bytes_max;   /* bound on values and operations each; 0: none */
};

/* What a format's reader works with. */
struct reading {
	const struct reader_options *options; /* borrowed */
	const char *key_field;		      /* borrowed; NULL: only "key" */
	bool has_key_field;		      /* such a field, or "key", was met */
	struct scan scan;		      /* over the whole input */
	struct events events;
	bool lacks_order; /* the format says nothing about time between sessions */
	/* Takes events one by one (event_stream.h); NULL: they make a history. */
	bool (*take)(void *context, const struct event *event, struct err *err);
	void *context;
};

struct format {
	const char *name, *summary;
	/* 0: surely not; 100: surely. `head` is the beginning of the input. */
	int (*sniff)(struct bytes head);
	/* Adds all events. False after scan_fail. */
	bool (*read)(struct reading *reading);
	/* Writes a history; NULL when the format is only read. False: errno says why. */
	bool (*write)(const struct history *history, FILE *to);
	bool nil_is_unknown; /* the format's own tools take a read of nil as no news, but
			      * for transactions: Elle takes it as the initial value */
};

/* What is worth telling about what was read. */
struct reader_facts {
	const struct format *format;
	bool has_times;	 /* else events are shown a millisecond apart */
	bool are_tuples; /* [key value] was taken apart */
	bool has_order;	 /* else only each session's own order is known, no real time */
	bool nil_is_unknown; /* what tools that write such histories take a read of nil for */
	uint64_t events;
	bool over_bound; /* the reading failed, and for reader_options.bytes_max */
};

const struct format *const *formats_all(size_t *count);

/* The format of a name; NULL with the nearest name as hint. */
const struct format *format_find(const char *name, struct err *err);

/* Adds a file ("-": standard input), or a folder of logs by session (Cobra's), to an empty
 * history. `facts` may be NULL. */
bool reader_read_file(const char *path, const struct reader_options *options,
		      struct history *history, struct reader_facts *facts,
		      struct err *err);

/* The same for bytes, called `name` in errors. */
bool reader_read_bytes(struct bytes input, const char *name,
		       const struct reader_options *options, struct history *history,
		       struct reader_facts *facts, struct err *err);

/* Sets up and ends reading, for readers of their own; the format that the bytes look like,
 * or NULL. */
void reader_begin(struct reading *reading, const struct reader_options *options,
		  struct history *history, struct bytes input);
void reader_end(struct reading *reading);
const struct format *reader_sniff(struct bytes input, const char *name, struct err *err);

/* Adds an event that began at `from`; failures get that place. For the formats. */
bool reading_add(struct reading *reading, const struct event *event, const char *from);

#endif
