#include "results/formats/reader.h"

#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT(name) extern const struct format format_##name;
#include "results/formats/formats.def"
#undef FORMAT

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "results/formats/formats.def"
#undef FORMAT
};
enum {
	FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]),
	SNIFF_BYTES = 1 << 16
};

const struct format *const *
formats_all(size_t *count)
{
	*count = FORMAT_COUNT;
	return formats;
}

const struct format *
format_find(const char *name, struct err *err)
{
	const char *names[FORMAT_COUNT];

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		names[i] = formats[i]->name;
		if (strcmp(names[i], name) == 0)
			return formats[i];
	}
	const char *nearest = text_nearest(name, names, FORMAT_COUNT);
	err_set(err, "unknown format '%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	else
		err_hint(err, "'faultline list' shows the formats");
	return NULL;
}

static bool
begins_with(struct bytes input, const char *magic)
{
	size_t len = strlen(magic);

	return input.len >= len && memcmp(input.data, magic, len) == 0;
}

static void
hint_at_compression(struct bytes input, struct err *err)
{
	if (begins_with(input, "\x1f\x8b"))
		err_hint(err, "gzip compressed it: gunzip it first");
	else if (begins_with(input, "\x28\xb5\x2f\xfd"))
		err_hint(err, "zstd compressed it: unzstd it first");
	else
		err_hint(err,
			 "name it with --format; 'faultline list' shows the formats");
}

const struct format *
reader_sniff(struct bytes input, const char *name, struct err *err)
{
	const struct format *best = NULL;
	int best_score = 0;

	if (input.len > SNIFF_BYTES)
		input.len = SNIFF_BYTES;
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		int score = formats[i]->sniff(input);
		if (score > best_score) {
			best = formats[i];
			best_score = score;
		}
	}
	if (best == NULL) {
		err_set(err, "%s:1:1: no history format that is known", name);
		hint_at_compression(input, err);
	}
	return best;
}

bool
reading_add(struct reading *reading, const struct event *event, const char *from)
{
	struct err err;

	scan_passed(&reading->scan, from);
	bool ok = reading->take != NULL ? reading->take(reading->context, event, &err)
					: events_add(&reading->events, event, &err);

	return ok || scan_fail(&reading->scan, from, "%s", err.text);
}

static void
choose_keys(struct reading *reading, const char *key)
{
	if (key == NULL)
		return;
	reading->events.keys = strcmp(key, "tuple") == 0 ? KEYS_TUPLES : KEYS_FIELD;
	if (reading->events.keys == KEYS_FIELD && strcmp(key, "none") != 0)
		reading->key_field = key;
}

void
reader_begin(struct reading *reading, const struct reader_options *options,
	     struct history *history, struct bytes input)
{
	*reading = (struct reading){.options = options};
	scan_init(&reading->scan, SCAN_JSON, &history->values, input);
	events_init(&reading->events, history);
	reading->scan.bytes_max = reading->events.bytes_max = options->bytes_max;
	choose_keys(reading, options->key);
}

void
reader_end(struct reading *reading)
{
	events_release(&reading->events);
	scan_release(&reading->scan);
}

/* Micro-operations as Elle names them: "r", "w", "append", "rp"; Knossos says "read", "write". */
static bool
is_elle_txn(const struct values *values, const struct op *op)
{
	if (op->f != F_TXN || val_kind(op->input) != VAL_LIST ||
	    val_count(values, op->input) == 0)
		return false;
	val mop = val_at(values, op->input, 0);
	if (val_kind(mop) != VAL_LIST || val_count(values, mop) == 0 ||
	    val_kind(val_at(values, mop, 0)) != VAL_STRING)
		return false;
	struct bytes name = val_text(values, val_at(values, mop, 0));
	return name.len == 1 || (name.len == 6 && memcmp(name.data, "append", 6) == 0) ||
	       (name.len == 2 && memcmp(name.data, "rp", 2) == 0);
}

/* Knossos' registers learn nothing from a read of nil; for Elle nil is the first version. */
static bool
nil_is_unknown(const struct format *format, const struct history *history)
{
	bool is_unknown = format->nil_is_unknown;

	for (size_t i = 0; is_unknown && i < history->ops.count; i++)
		is_unknown = !is_elle_txn(&history->values, &history->ops.items[i]);
	return is_unknown;
}

/* A key that was asked for must be there: without it all keys would be taken for one. */
static bool
key_is_there(const struct reading *reading, const char *name, struct err *err)
{
	if (reading->key_field == NULL || reading->has_key_field)
		return true;
	err_set(err, "no operation of '%s' has a field '%s' that could be its key", name,
		reading->key_field);
	return err_hint(err, "--key names a field; tuple takes values [key value] apart, "
			     "none leaves them");
}

/* What is read. */
struct input {
	struct bytes bytes;
	const char *name;      /* of it, in errors */
	struct window *window; /* borrowed; NULL: all of it is in memory */
};

static bool
read_as(const struct format *format, const struct input *input,
	const struct reader_options *options, struct history *history,
	struct reader_facts *facts, struct err *err)
{
	struct reading reading;

	reader_begin(&reading, options, history, input->bytes);
	reading.scan.window = input->window;
	bool ok = format->read(&reading) || scan_error(&reading.scan, input->name, err);
	if (ok)
		events_finish(&reading.events);
	if (ok && history->ops.count == 0 && history->nemesis.count == 0)
		ok = err_set(err, "'%s' holds no operation", input->name);
	ok = ok && key_is_there(&reading, input->name, err);
	if (facts != NULL)
		*facts = (struct reader_facts){
			.format = format,
			.has_times = reading.events.has_times,
			.are_tuples = reading.events.are_tuples,
			.has_order = !reading.lacks_order && !reading.events.bare,
			.nil_is_unknown = nil_is_unknown(format, history),
			.events = reading.events.count,
			.over_bound = reading.scan.is_full || reading.events.is_full};
	reader_end(&reading);
	return ok;
}

static bool
read_input(struct input input, const struct reader_options *options,
	   struct history *history, struct reader_facts *facts, struct err *err)
{
	if (input.bytes.len == 0)
		return err_set(err, "'%s' is empty", input.name);
	if (begins_with(input.bytes, "\xef\xbb\xbf")) {
		input.bytes.data += 3; /* the byte order mark that some editors leave */
		input.bytes.len -= 3;
	}
	const struct format *format =
		options->format != NULL ? format_find(options->format, err)
					: reader_sniff(input.bytes, input.name, err);
	return format != NULL && read_as(format, &input, options, history, facts, err);
}

bool
reader_read_bytes(struct bytes input, const char *name,
		  const struct reader_options *options, struct history *history,
		  struct reader_facts *facts, struct err *err)
{
	return read_input((struct input){.bytes = input, .name = name}, options, history,
			  facts, err);
}

/* What cannot be mapped is held, and must fit too. */
static void
note_over_bound(const struct buf *contents, const struct reader_options *options,
		struct reader_facts *facts)
{
	if (facts != NULL && options->bytes_max > 0 && contents->len > options->bytes_max)
		facts->over_bound = true;
}

/* Pipes and the like cannot be mapped. */
static bool
read_stream(int fd, const char *path, const struct reader_options *options,
	    struct history *history, struct reader_facts *facts, struct err *err)
{
	struct buf contents = {0};
	bool ok = file_read_open(fd, path, options->bytes_max, &contents, err) &&
		  reader_read_bytes(buf_bytes(&contents), path, options, history, facts,
				    err);

	note_over_bound(&contents, options, facts);
	buf_release(&contents);
	return ok;
}

static int
is_log(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > 4 && strcmp(entry->d_name + length - 4, ".log") == 0;
}

/* The logs one behind the other, each after the mark of a session (format_cobra.c). */
static bool
join_logs(const char *path, struct dirent **logs, int count, size_t bytes_max,
	  struct buf *contents, struct err *err)
{
	bool ok = true;

	for (int i = 0; ok && i < count; i++) {
		char *log = mem_format("%s/%s", path, logs[i]->d_name);
		buf_char(contents, 'N');
		ok = file_read(log, bytes_max, contents, err);
		free(log);
		if (ok && bytes_max > 0 && contents->len > bytes_max)
			ok = err_set(err, "'%s' holds more than fits into memory", path);
	}
	return ok;
}

static bool
read_folder(const char *path, const struct reader_options *options,
	    struct history *history, struct reader_facts *facts, struct err *err)
{
	struct dirent **logs;
	struct buf contents = {0};
	int count = scandir(path, &logs, is_log, versionsort);

	if (count < 0)
		return err_errno(err, "read folder '%s'", path);
	bool ok = count > 0 || err_set(err, "'%s' is a folder without logs", path);
	ok = ok && join_logs(path, logs, count, options->bytes_max, &contents, err) &&
	     reader_read_bytes(buf_bytes(&contents), path, options, history, facts, err);
	note_over_bound(&contents, options, facts);
	for (int i = 0; i < count; i++)
		free(logs[i]);
	free(logs);
	buf_release(&contents);
	return ok;
}

static bool
read_mapped(int fd, size_t bytes, const char *path, const struct reader_options *options,
	    struct history *history, struct reader_facts *facts, struct err *err)
{
	struct window window;

	if (!window_open(&window, fd, bytes, path, err))
		return false;
	struct input input = {.bytes = window.file, .name = path, .window = &window};
	bool ok = read_input(input, options, history, facts, err);
	window_close(&window);
	return ok;
}

bool
reader_read_file(const char *path, const struct reader_options *options,
		 struct history *history, struct reader_facts *facts, struct err *err)
{
	struct stat status;

	if (facts != NULL)
		*facts = (struct reader_facts){0};
	if (strcmp(path, "-") == 0)
		return read_stream(STDIN_FILENO, "standard input", options, history,
				   facts, err);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) != 0) {
		err_errno(err, "open '%s'", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool ok;
	if (S_ISDIR(status.st_mode))
		ok = read_folder(path, options, history, facts, err);
	else if (S_ISREG(status.st_mode) && status.st_size > 0)
		ok = read_mapped(fd, (size_t)status.st_size, path, options, history,
				 facts, err);
	else
		ok = read_stream(fd, path, options, history, facts, err);
	close(fd);
	return ok;
}
