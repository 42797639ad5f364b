#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_INTO(field, format)                                                       \
	do {                                                                             \
		va_list args_;                                                           \
		va_start(args_, format);                                                 \
		vsnprintf(field, sizeof(field), format, args_);                          \
		va_end(args_);                                                           \
	} while (0)

bool
err_set(struct err *err, const char *format, ...)
{
	FORMAT_INTO(err->text, format);
	err->hint[0] = '\0';
	return false;
}

bool
err_errno(struct err *err, const char *format, ...)
{
	const char *reason = strerror(errno);

	FORMAT_INTO(err->text, format);
	size_t length = strlen(err->text);
	snprintf(err->text + length, sizeof(err->text) - length, ": %s", reason);
	err->hint[0] = '\0';
	return false;
}

bool
err_context(struct err *err, const char *format, ...)
{
	char context[sizeof(err->text)];
	char inner[sizeof(err->text)];

	FORMAT_INTO(context, format);
	memcpy(inner, err->text, sizeof(inner));
	size_t length = strlen(context);
	snprintf(err->text, sizeof(err->text), "%.*s: %.*s", (int)length, context,
		 (int)(sizeof(err->text) - length - 3), inner);
	return false;
}

bool
err_hint(struct err *err, const char *format, ...)
{
	FORMAT_INTO(err->hint, format);
	return false;
}

void
err_clear(struct err *err)
{
	err->text[0] = '\0';
	err->hint[0] = '\0';
}

void
err_print(const struct err *err)
{
	fprintf(stderr, "faultline: %s\n", err->text);
	if (err->hint[0] != '\0')
		fprintf(stderr, "hint: %s\n", err->hint);
}
