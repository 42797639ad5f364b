/* The formats of histories: what was read is written in every format that can be, and what
 * was written must be readable again. */
#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "results/formats/reader.h"

#include <stdlib.h>

void hostile_reader(const char *format_name, struct bytes input);

enum {
	BYTES_MAX = 1 << 24
};

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
	bool same = ok && again.ops.count == history->ops.count;
	if (!same)
		fprintf(stderr, "%s: %s\n%s", format->name,
			ok ? "other operations" : err.text, text);
	ASSERT(same);
	history_release(&again);
	free(text);
}

void
hostile_reader(const char *format_name, struct bytes input)
{
	const struct reader_options options = {.format = format_name,
					       .bytes_max = BYTES_MAX};
	struct history history;
	struct err err;
	size_t count;
	const struct format *const *formats = formats_all(&count);

	history_init(&history);
	if (reader_read_bytes(input, "input", &options, &history, NULL, &err))
		for (size_t i = 0; i < count; i++)
			if (formats[i]->write != NULL)
				write_and_read_again(&history, formats[i]);
	history_release(&history);
}
