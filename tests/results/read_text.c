#include "tests/results/read_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void
read_with(struct read *read, const char *text, const char *format, const char *key)
{
	const struct reader_options options = {.format = format, .key = key};

	history_init(&read->history);
	read->ok =
		reader_read_bytes((struct bytes){.data = text, .len = strlen(text)}, "h",
				  &options, &read->history, &read->facts, &read->err);
}

void
read_good(struct read *read, const char *text, const char *key)
{
	read_with(read, text, NULL, key);
	if (!read->ok)
		fail_msg("%s", read->err.text);
}
