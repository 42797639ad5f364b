#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool
text_int(const char *text, int64_t low, int64_t high, int64_t *number, struct err *err)
{
	char *end;

	errno = 0;
	int64_t n = strtoll(text, &end, 10);
	if (end == text || *end != '\0')
		return err_set(err, "'%s' is not a whole number", text);
	if (errno == ERANGE || n < low || n > high)
		return err_set(err, "%s is not between %" PRId64 " and %" PRId64, text,
			       low, high);
	*number = n;
	return true;
}

bool
text_real(const char *text, double low, double high, double *number, struct err *err)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end != '\0' || isnan(n))
		return err_set(err, "'%s' is not a number", text);
	if (n < low || n > high)
		return err_set(err, "%s is not between %g and %g", text, low, high);
	*number = n;
	return true;
}

#define KIB 1024.0

struct unit {
	const char *name; /* in any case of letters */
	double factor;
};

static bool
with_unit(const char *text, const struct unit *units, const char *what, double *number,
	  struct err *err)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || !isfinite(n) || n < 0)
		return err_set(err, "'%s' is not a %s", text, what);
	for (; units->name != NULL; units++)
		if (strcasecmp(end, units->name) == 0) {
			*number = n * units->factor;
			return *number < 9e18 ||
			       err_set(err, "'%s' is too large a %s", text, what);
		}
	return err_set(err, "'%s' is not a %s: unknown unit '%s'", text, what, end);
}

bool
text_duration(const char *text, int64_t *ns, struct err *err)
{
	static const struct unit units[] = {{"", 1e9},	   {"ns", 1},	  {"us", 1e3},
					    {"ms", 1e6},   {"s", 1e9},	  {"m", 60e9},
					    {"min", 60e9}, {"h", 3600e9}, {NULL, 0}};
	double number;

	if (!with_unit(text, units, "duration (like 250ms, 30s, 5m)", &number, err))
		return false;
	*ns = (int64_t)number;
	return true;
}

bool
text_size(const char *text, uint64_t *bytes, struct err *err)
{
	static const struct unit units[] = {{"", 1},
					    {"b", 1},
					    {"k", KIB},
					    {"kb", KIB},
					    {"kib", KIB},
					    {"m", KIB * KIB},
					    {"mb", KIB * KIB},
					    {"mib", KIB * KIB},
					    {"g", KIB * KIB * KIB},
					    {"gb", KIB * KIB * KIB},
					    {"gib", KIB * KIB * KIB},
					    {NULL, 0}};
	double number;

	if (!with_unit(text, units, "size (like 64k, 200m, 2g)", &number, err))
		return false;
	*bytes = (uint64_t)number;
	return true;
}

const char *
text_ns(int64_t ns, char *text, size_t bytes)
{
	if (ns < 1000000)
		snprintf(text, bytes, "%.0f us", (double)ns / 1e3);
	else if (ns < 100000000)
		snprintf(text, bytes, "%.2f ms", (double)ns / 1e6);
	else if (ns < 1000000000)
		snprintf(text, bytes, "%.0f ms", (double)ns / 1e6);
	else if (ns < (int64_t)120 * 1000000000)
		snprintf(text, bytes, "%.1f s", (double)ns / 1e9);
	else if (ns / 1000000000 % 60 == 0)
		snprintf(text, bytes, "%" PRId64 " min", ns / 60000000000);
	else
		snprintf(text, bytes, "%" PRId64 " min %" PRId64 " s", ns / 60000000000,
			 ns / 1000000000 % 60);
	return text;
}

void
strings_push(struct strings *strings, const char *text)
{
	vec_push(&strings->of, mem_string(text));
}

const char *
text_count(uint64_t number, char *text, size_t bytes)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	size_t used = 0;

	for (int i = 0; i < length && used + 2 < bytes; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text[used++] = ',';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

void
strings_split(struct strings *strings, const char *text, char separator)
{
	while (*text != '\0') {
		const char *end = strchr(text, separator);
		size_t bytes = end ? (size_t)(end - text) : strlen(text);
		if (bytes > 0)
			vec_push(&strings->of, mem_bytes(text, bytes));
		text += bytes + (end != NULL);
	}
}

void
strings_release(struct strings *strings)
{
	vec_each (char *, text, &strings->of)
		free(*text);
	vec_release(&strings->of);
}

enum {
	WORD_MAX = 64
};

static int
least(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Optimal string alignment distance; words longer than WORD_MAX are far from everything. */
static int
distance(const char *a, const char *b)
{
	int rows[3][WORD_MAX + 1];
	int length_a = (int)strlen(a), length_b = (int)strlen(b);

	if (length_a > WORD_MAX || length_b > WORD_MAX)
		return WORD_MAX;
	for (int j = 0; j <= length_b; j++)
		rows[0][j] = j;
	for (int i = 1; i <= length_a; i++) {
		int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
		row[0] = i;
		for (int j = 1; j <= length_b; j++) {
			int change = up[j - 1] + (a[i - 1] != b[j - 1]);
			row[j] = least(up[j] + 1, row[j - 1] + 1, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return rows[length_a % 3][length_b];
}

const char *
text_nearest(const char *word, const char *const *candidates, size_t count)
{
	const char *nearest = NULL;
	int best = (int)strlen(word) / 3 + 1;

	for (size_t i = 0; i < count; i++) {
		int far = distance(word, candidates[i]);
		if (far <= best && (nearest == NULL || far < best)) {
			best = far;
			nearest = candidates[i];
		}
	}
	return nearest;
}
