#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
die_out_of_memory(size_t count, size_t bytes)
{
	fprintf(stderr, "faultline: out of memory asking for %zu x %zu bytes\n", count,
		bytes);
	exit(255);
}

void *
mem_new(size_t count, size_t bytes)
{
	void *memory = calloc(count ? count : 1, bytes ? bytes : 1);

	if (memory == NULL)
		die_out_of_memory(count, bytes);
	return memory;
}

void *
mem_resize(void *memory, size_t count, size_t bytes)
{
	void *resized = reallocarray(memory, count ? count : 1, bytes ? bytes : 1);

	if (resized == NULL)
		die_out_of_memory(count, bytes);
	return resized;
}

char *
mem_bytes(const void *data, size_t bytes)
{
	char *copy = mem_new(bytes + 1, 1);

	if (bytes > 0)
		memcpy(copy, data, bytes);
	return copy;
}

char *
mem_string(const char *text)
{
	return mem_bytes(text, strlen(text));
}

char *
mem_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		die_out_of_memory(1, strlen(format));
	va_end(args);
	return text;
}
