#include "base/options.h"

#include <string.h>

static const struct option_row *
find_by_name(const struct option_row *rows, const char *name, size_t bytes)
{
	for (; rows->name != NULL; rows++)
		if (strlen(rows->name) == bytes && memcmp(rows->name, name, bytes) == 0)
			return rows;
	return NULL;
}

static const struct option_row *
find_by_letter(const struct option_row *rows, char letter)
{
	for (; rows->name != NULL; rows++)
		if (rows->letter == letter)
			return rows;
	return NULL;
}

static bool
unknown_option(const struct option_row *rows, const char *name, struct err *err)
{
	const char *names[128];
	size_t count = 0;

	for (; rows->name != NULL && count < 128; rows++)
		names[count++] = rows->name;
	const char *nearest = text_nearest(name, names, count);
	err_set(err, "unknown option '--%s'", name);
	if (nearest != NULL)
		err_hint(err, "did you mean '--%s'?", nearest);
	return false;
}

static bool
set_value(const struct option_row *row, const char *value, struct err *err)
{
	switch (row->kind) {
	case OPTION_TEXT:
		*(const char **)row->target = value;
		return true;
	case OPTION_TEXTS:
		strings_push(row->target, value);
		return true;
	case OPTION_INT:
		return text_int(value, 0, INT64_MAX, row->target, err);
	case OPTION_REAL:
		return text_real(value, 0, 1e300, row->target, err);
	case OPTION_DURATION:
		return text_duration(value, row->target, err);
	case OPTION_SIZE:
		return text_size(value, row->target, err);
	default:
		return err_set(err, "takes no argument");
	}
}

static bool
apply(const struct option_row *row, const char *value, struct err *err)
{
	if (row->kind == OPTION_FLAG && value == NULL) {
		*(bool *)row->target = true;
		return true;
	}
	return set_value(row, value, err) || err_context(err, "option '--%s'", row->name);
}

/* The words of the command line, read one by one. */
struct reader {
	const struct option_row *rows;
	char **argv;
	int argc, at;
};

static bool
apply_with_argument(struct reader *reader, const struct option_row *row,
		    const char *attached, struct err *err)
{
	if (row->kind == OPTION_FLAG || attached != NULL)
		return apply(row, attached, err);
	if (reader->at + 1 >= reader->argc)
		return err_set(err, "option '--%s' needs %s", row->name,
			       row->argument ? row->argument : "an argument");
	return apply(row, reader->argv[++reader->at], err);
}

static bool
read_long(struct reader *reader, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	size_t bytes = equals ? (size_t)(equals - word) : strlen(word);
	const struct option_row *row = find_by_name(reader->rows, word, bytes);

	if (row == NULL && equals == NULL && strncmp(word, "no-", 3) == 0) {
		row = find_by_name(reader->rows, word + 3, bytes - 3);
		if (row != NULL && row->kind == OPTION_FLAG) {
			*(bool *)row->target = false;
			return true;
		}
		row = NULL;
	}
	if (row == NULL) {
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)bytes, word);
		return unknown_option(reader->rows, name, err);
	}
	return apply_with_argument(reader, row, equals ? equals + 1 : NULL, err);
}

static bool
read_short(struct reader *reader, const char *word, struct err *err)
{
	const struct option_row *row = find_by_letter(reader->rows, word[0]);

	if (row == NULL)
		return err_set(err, "unknown option '-%c'", word[0]);
	return apply_with_argument(reader, row, word[1] != '\0' ? word + 1 : NULL, err);
}

bool
options_parse(const struct option_row *rows, int *argc, char ***argv, struct err *err)
{
	struct reader reader = {.rows = rows, .argv = *argv, .argc = *argc, .at = 1};
	int kept = 1;

	for (; reader.at < reader.argc; reader.at++) {
		char *word = reader.argv[reader.at];
		bool ok = true;
		if (strcmp(word, "--") == 0) {
			for (reader.at++; reader.at < reader.argc; reader.at++)
				reader.argv[kept++] = reader.argv[reader.at];
			break;
		}
		if (strncmp(word, "--", 2) == 0)
			ok = read_long(&reader, word + 2, err);
		else if (word[0] == '-' && word[1] != '\0')
			ok = read_short(&reader, word + 1, err);
		else
			reader.argv[kept++] = word;
		if (!ok)
			return false;
	}
	if (kept < *argc) /* the words left are handed to exec by some */
		reader.argv[kept] = NULL;
	*argc = kept;
	return true;
}

void
options_help(const struct option_row *rows, FILE *to)
{
	for (; rows->name != NULL; rows++) {
		char left[64];
		int length = snprintf(left, sizeof(left), "--%s%s%s", rows->name,
				      rows->argument ? " " : "",
				      rows->argument ? rows->argument : "");
		if (rows->letter)
			fprintf(to, "  -%c, ", rows->letter);
		else
			fprintf(to, "      ");
		fprintf(to, "%s%*s%s\n", left, length < 26 ? 26 - length : 1, "",
			rows->help);
	}
}
