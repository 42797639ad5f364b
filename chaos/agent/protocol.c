#include "chaos/agent/protocol.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	ERROR_BYTES_MAX = 1800,
	NAME_BYTES_MAX = 64
};

static const struct verb_row {
	const char *name;
	bool has_lease;
	size_t words_min, words_max;
} verbs[VERB_COUNT] = {
	[VERB_NONE] = {"", false, 0, 0},
	[VERB_HELLO] = {"hello", false, 0, 0},
	[VERB_BEAT] = {"beat", false, 0, 0},
	[VERB_CHECK] = {"check", false, 1, 2},
	[VERB_CUT] = {"cut", true, 1, PROTOCOL_WORDS_MAX},
	[VERB_PROBE] = {"probe", false, 1, PROTOCOL_WORDS_MAX},
	[VERB_COUNTS] = {"counts", true, 0, 0},
	[VERB_PAUSE] = {"pause", true, 1, 1},
	[VERB_KILL] = {"kill", true, 1, 1},
	[VERB_HEAL] = {"heal", true, 0, 0},
	[VERB_HEAL_ALL] = {"heal-all", false, 0, 0},
	[VERB_STATE] = {"state", false, 0, 0},
	[VERB_BYE] = {"bye", false, 0, 0},
};

const char *
verb_name(enum verb verb)
{
	return verbs[verb].name;
}

static enum verb
find_verb(const char *word)
{
	for (int i = 1; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, word) == 0)
			return (enum verb)i;
	return VERB_NONE;
}

/* A positive decimal number and nothing else. */
static bool
read_number(const char *word, uint64_t *number)
{
	char *end;

	if (!isdigit((unsigned char)word[0]))
		return false;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return errno == 0 && *end == '\0' && *number > 0;
}

/* Splits the text at spaces in place; false when there are too many words. */
static bool
split(struct request *request)
{
	char *rest = request->text, *word;

	request->word_count = 0;
	while ((word = strsep(&rest, " ")) != NULL) {
		if (*word == '\0')
			continue;
		if (request->word_count == PROTOCOL_WORDS_MAX)
			return false;
		request->words[request->word_count++] = word;
	}
	return true;
}

/* Takes the first word off the list; NULL when there is none. */
static const char *
shift(struct request *request)
{
	if (request->word_count == 0)
		return NULL;
	const char *first = request->words[0];
	request->word_count--;
	memmove(request->words, request->words + 1,
		request->word_count * sizeof(request->words[0]));
	return first;
}

static bool
is_printable(const char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)line[i] < ' ' || (unsigned char)line[i] > '~')
			return false;
	return true;
}

static bool
take_lease(struct request *request, struct err *err)
{
	const char *word = shift(request);

	if (word == NULL || !read_number(word, &request->lease))
		return err_set(err, "request '%s' needs the number of a lease",
			       verb_name(request->verb));
	return true;
}

bool
request_read(struct request *request, const char *line, size_t bytes, struct err *err)
{
	request->number = request->lease = 0;
	request->verb = VERB_NONE;
	request->word_count = 0;
	if (bytes >= PROTOCOL_LINE_BYTES_MAX)
		return err_set(err, "request of %zu bytes is too long", bytes);
	if (!is_printable(line, bytes))
		return err_set(err, "request holds bytes that are no printable text");
	memcpy(request->text, line, bytes);
	request->text[bytes] = '\0';
	if (!split(request))
		return err_set(err, "request has more than %d words", PROTOCOL_WORDS_MAX);
	const char *word = shift(request);
	if (word == NULL || !read_number(word, &request->number))
		return err_set(err, "request does not start with a number");
	word = shift(request);
	request->verb = word != NULL ? find_verb(word) : VERB_NONE;
	if (request->verb == VERB_NONE)
		return err_set(err, "unknown request '%.40s'", word != NULL ? word : "");
	const struct verb_row *row = &verbs[request->verb];
	if (row->has_lease && !take_lease(request, err))
		return false;
	if (request->word_count < row->words_min || request->word_count > row->words_max)
		return err_set(err, "request '%s' has %zu words", row->name,
			       request->word_count);
	return true;
}

bool
protocol_is_name(const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > NAME_BYTES_MAX || text[0] == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
			return false;
	return true;
}

void
reply_ok(struct buf *out, uint64_t number, const char *values)
{
	buf_printf(out, "%llu ok%s%s\n", (unsigned long long)number,
		   *values != '\0' ? " " : "", values);
}

/* Errors may quote anything that other programs said; a reply is one line. */
static void
append_line_text(struct buf *out, const char *text)
{
	for (size_t i = 0; text[i] != '\0' && i < ERROR_BYTES_MAX; i++)
		buf_char(out, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
}

void
reply_error(struct buf *out, uint64_t number, const struct err *err)
{
	buf_printf(out, "%llu error ", (unsigned long long)number);
	append_line_text(out, err->text);
	if (err->hint[0] != '\0') {
		buf_char(out, '\t');
		append_line_text(out, err->hint);
	}
	buf_char(out, '\n');
}

bool
reply_check(const char *reply, struct err *err)
{
	if (strcmp(reply, "ok") == 0 || strncmp(reply, "ok ", 3) == 0)
		return true;
	if (strncmp(reply, "error ", 6) != 0)
		return err_set(err, "the agent said '%.200s', which is no reply", reply);
	const char *sentence = reply + 6, *tab = strchr(sentence, '\t');
	size_t length = tab != NULL ? (size_t)(tab - sentence) : strlen(sentence);
	err_set(err, "%.*s", (int)(length > 1000 ? 1000 : length), sentence);
	return tab != NULL ? err_hint(err, "%.500s", tab + 1) : false;
}

/* Where the value of NAME= starts, or NULL. */
static const char *
find_value(const char *reply, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = strchr(reply, ' '); at != NULL; at = strchr(at, ' ')) {
		at++;
		if (strncmp(at, name, length) == 0 && at[length] == '=')
			return at + length + 1;
	}
	return NULL;
}

int64_t
reply_number(const char *reply, const char *name, int64_t otherwise)
{
	const char *value = find_value(reply, name);
	char *end;

	if (value == NULL)
		return otherwise;
	errno = 0;
	long long number = strtoll(value, &end, 10);
	if (errno != 0 || end == value || (*end != ' ' && *end != '\0'))
		return otherwise;
	return number;
}

void
reply_text(const char *reply, const char *name, char *value, size_t bytes)
{
	const char *at = find_value(reply, name);
	size_t length = at != NULL ? strcspn(at, " ") : 0;

	if (length >= bytes)
		length = bytes - 1;
	memcpy(value, at != NULL ? at : "", length);
	value[length] = '\0';
}
