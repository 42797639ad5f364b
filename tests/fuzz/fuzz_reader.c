/* fuzz_reader.c - libFuzzer over the readers of histories. Not in the default build:
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -I. \
 *	      tests/fuzz/fuzz_reader.c base/[!_]*.c results/{reader,scan,scan_value,events}.c \
 *	      results/{event_map,event_order,names,sessions,sessions_reading}.c results/format_*.c -lm -o fuzz_reader
 *	./fuzz_reader -max_len=4096 CORPUS
 *
 * The first byte chooses the format (or none: it is found). What was read is written in
 * every format that can be, and what was written must be readable again. */
#include "base/assert.h"
#include "results/formats/reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void
write_and_read_again(const struct history *history, const struct format *format)
{
	const struct reader_options options = {.format = format->name, .key = "none"};
	struct history again;
	struct err err;
	char *text = NULL;
	size_t count = 0;
	FILE *to = open_memstream(&text, &count);

	ASSERT(format->write(history, to));
	fclose(to);
	history_init(&again);
	bool ok = reader_read_bytes((struct bytes){.data = text, .len = count}, "again",
				    &options, &again, NULL, &err);
	if (!ok)
		fprintf(stderr, "%s\n%s", err.text, text);
	ASSERT(ok);
	ASSERT(again.ops.count == history->ops.count);
	history_release(&again);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	size_t format_count;
	const struct format *const *formats = formats_all(&format_count);
	struct reader_options options = {.bytes_max = 1 << 24};
	struct history history;
	struct err err;

	if (bytes == 0)
		return 0;
	if (data[0] % (format_count + 1) < format_count)
		options.format = formats[data[0] % (format_count + 1)]->name;
	history_init(&history);
	if (reader_read_bytes(
		    (struct bytes){.data = (const char *)data + 1, .len = bytes - 1},
		    "input", &options, &history, NULL, &err))
		for (size_t i = 0; i < format_count; i++)
			if (formats[i]->write != NULL)
				write_and_read_again(&history, formats[i]);
	history_release(&history);
	return 0;
}
