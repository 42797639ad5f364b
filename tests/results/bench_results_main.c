/* bench_results - what the store and the readers can take: bench_results [OPERATIONS
 * [PART ...]]; a part is "store" or a format. Other programs disturb the seconds, not the
 * processor time. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "results/formats/reader.h"
#include "results/store/store_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void
must(bool ok, const struct err *err)
{
	if (ok)
		return;
	err_print(err);
	exit(255);
}

/* Ten processes, writes and reads, one key for each 200 operations. */
static void
make_history(struct history *history, uint32_t count)
{
	history_init(history);
	for (uint32_t i = 0; i < count; i++) {
		bool is_read = i % 2 == 1;
		struct op op = {.invoke_ns = i * 5000ll,
				.complete_ns = i * 5000ll + 900000,
				.invoke_at = i * 2,
				.complete_at = i * 2 + 1,
				.key = val_small(i / 200),
				.input = is_read ? VAL_OF_NIL : val_small(i),
				.output = val_small(is_read ? i - 1 : i),
				.process = i % 10,
				.f = is_read ? F_READ : F_WRITE,
				.type = OP_OK,
				.node = (uint8_t)(i % 5 + 1)};
		history_add(history, &op);
	}
	history_sort(history);
}

static double
seconds_since(int64_t start_ns)
{
	return (double)(clock_ns() - start_ns) / 1e9;
}

struct watch {
	int64_t start_ns;
	clock_t start;
};

static struct watch
watch_start(void)
{
	return (struct watch){clock_ns(), clock()};
}

static void
print_speed(const struct watch *watch, const char *name, const char *what,
	    double megabytes)
{
	double cpu = (double)(clock() - watch->start) / CLOCKS_PER_SEC;

	printf("%s: %.0f MB/s %s on one core (%.0f by processor time)\n", name,
	       megabytes / seconds_since(watch->start_ns), what, megabytes / cpu);
}

static void
bench_store(const char *scratch, const struct history *history)
{
	struct store_run run = {.name = "bench"};
	struct history read;
	struct err err;
	double count = (double)history->ops.count;

	struct store *store = store_create(scratch, &run, &err);
	must(store != NULL, &err);
	int64_t start_ns = clock_ns();
	must(store_put_history(store, history, &err), &err);
	printf("store: %.0f operations a second written\n",
	       count / seconds_since(start_ns));
	start_ns = clock_ns();
	history_init(&read);
	must(store_read_history(store, &read, &err), &err);
	printf("store: %.0f operations a second read\n", count / seconds_since(start_ns));
	history_release(&read);
	must(store_close(store, &err), &err);
}

static void
bench_format(const char *scratch, const struct history *history, const char *name)
{
	const struct reader_options options = {0};
	struct history read;
	struct err err;
	const struct format *format = format_find(name, &err);
	char *path = mem_format("%s/history", scratch);
	FILE *to = fopen(path, "w");

	must(to != NULL || err_errno(&err, "open '%s'", path), &err);
	struct watch watch = watch_start();
	must(format->write(history, to) || err_errno(&err, "write '%s'", path), &err);
	double megabytes = (double)ftell(to) / 1e6;
	fclose(to);
	print_speed(&watch, name, "written", megabytes);
	watch = watch_start();
	history_init(&read);
	must(reader_read_file(path, &options, &read, NULL, &err), &err);
	print_speed(&watch, name, "read", megabytes);
	history_release(&read);
	free(path);
}

/* ---- formats that are only read: a piece of their text, as often as it takes --------------- */

static void
porcupine_piece(struct buf *text, unsigned i)
{
	buf_printf(text,
		   "{:process %u, :type :invoke, :f :put, :key \"%u\", :value \"x %u\"}\n"
		   "{:process %u, :type :ok, :f :put, :key \"%u\", :value \"x %u\"}\n",
		   i % 10, i / 200, i, i % 10, i / 200, i);
}

static void
jepsen_log_piece(struct buf *text, unsigned i)
{
	buf_printf(text,
		   "INFO  jepsen.util - %u\t:invoke\t:write\t%u\n"
		   "INFO  jepsen.util - %u\t:ok\t:write\t%u\n",
		   i % 10, i, i % 10, i);
}

static void
dbcop_piece(struct buf *text, unsigned i)
{
	buf_printf(
		text,
		"%s{\"events\":[{\"Write\":{\"variable\":%u,\"version\":%u}},{\"Read\":"
		"{\"variable\":%u,\"version\":%u}}],\"committed\":true}",
		i == 0 ? "[[" : ",", i / 200, i, i / 200, i);
}

static void
dbcop_text_piece(struct buf *text, unsigned i)
{
	buf_printf(text, "[x%u:=%u x%u==%u]\n", i / 200, i, i / 200, i);
}

static void
plume_piece(struct buf *text, unsigned i)
{
	buf_printf(text, "w(%u,%u,%u,%u)\nr(%u,%u,%u,%u)\n", i / 200, i, i % 10, i,
		   i / 200, i, i % 10, i);
}

static void
awdit_piece(struct buf *text, unsigned i)
{
	buf_printf(text, "w %u %u\nr %u %u\n-----\n", i / 200, i, i / 200, i);
}

static void
cobra_entry(struct buf *text, char letter, const uint64_t *fields, int count)
{
	buf_char(text, letter);
	for (int i = 0; i < count; i++)
		for (int shift = 56; shift >= 0; shift -= 8)
			buf_char(text, (char)(fields[i] >> shift));
}

static void
cobra_piece(struct buf *text, unsigned i)
{
	cobra_entry(text, 'S', (uint64_t[]){i}, 1);
	cobra_entry(text, 'W', (uint64_t[]){i + 1, i / 200, 7}, 3);
	cobra_entry(text, 'R', (uint64_t[]){i, i + 1, i / 200, 7}, 4);
	cobra_entry(text, 'C', (uint64_t[]){i}, 1);
}

static const struct text_format {
	const char *name;
	void (*piece)(struct buf *text, unsigned i);
	const char *end;
} text_formats[] = {
	{"porcupine", porcupine_piece, ""}, {"jepsen-log", jepsen_log_piece, ""},
	{"dbcop", dbcop_piece, "]]"},	    {"dbcop-text", dbcop_text_piece, ""},
	{"plume", plume_piece, ""},	    {"awdit", awdit_piece, ""},
	{"cobra", cobra_piece, ""},
};

static void
bench_reading(const struct text_format *format, unsigned pieces)
{
	const struct reader_options options = {.format = format->name};
	struct buf text = {0};
	struct history read;
	struct err err;

	for (unsigned i = 0; i < pieces; i++)
		format->piece(&text, i);
	buf_string(&text, format->end);
	struct watch watch = watch_start();
	history_init(&read);
	must(reader_read_bytes(buf_bytes(&text), "bench", &options, &read, NULL, &err),
	     &err);
	print_speed(&watch, format->name, "read", (double)text.len / 1e6);
	history_release(&read);
	buf_release(&text);
}

static bool
is_asked(const char *name, int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 2;
}

static void
bench_stored(int64_t count, int argc, char **argv)
{
	static const char *const formats[] = {"jsonl", "edn"};
	char scratch[] = "/tmp/faultline-bench-XXXXXX";
	struct history history;
	struct err err;

	must(mkdtemp(scratch) != NULL || err_errno(&err, "make a folder"), &err);
	make_history(&history, (uint32_t)count);
	if (is_asked("store", argc, argv))
		bench_store(scratch, &history);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (is_asked(formats[i], argc, argv))
			bench_format(scratch, &history, formats[i]);
	history_release(&history);
	must(file_remove_tree(scratch, &err), &err);
}

int
main(int argc, char **argv)
{
	int64_t count = 1000000;
	struct err err;

	if (argc > 1)
		must(text_int(argv[1], 1, 100000000, &count, &err), &err);
	bench_stored(count, argc, argv);
	for (size_t i = 0; i < sizeof(text_formats) / sizeof(text_formats[0]); i++)
		if (is_asked(text_formats[i].name, argc, argv))
			bench_reading(&text_formats[i], (unsigned)count);
	return 0;
}
