/* exceptions.c - the errors of a history by class, the most frequent first.
 *
 * An error that begins with the class of an exception, as Java tells them ("java.net.
 * ConnectException: refused"; readers put an :exception there), is of that class. Of any
 * other the class is the text with what varies taken out: runs of digits become "#",
 * quoted parts '..', except words of letters where the error is a list or a map, as in
 * ["timeout","no answer after 5 s"]. Both failed and indeterminate operations are looked
 * at (Jepsen: indeterminate ones with an :exception). Errors are no violation; the verdict
 * is valid, and that says nothing about the data.
 *
 *	info "timeout after 50 ms" | info "timeout after 70 ms" | fail "refused"
 *		"timeout after # ms" 2, "refused" 1
 *
 * Details: exceptions: [{class, count, fail, info, example}], at most 32, and
 * class-count of all. Any history; only by name. O(total length of the errors). */
#include "checkers/jepsen/exceptions.h"

#include "base/mem.h"
#include "base/text.h"
#include "checkers/checker.h"
#include "checkers/tell.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLASSES_MAX = 4096, /* the rest is one class */
	CLASSES_TOLD = 32,
	CLASS_BYTES_MAX = 200,
};

struct class
{
	uint64_t of[OP_INFO + 1];
	uint32_t example; /* op */
	uint32_t number;  /* in the intern */
};

struct classes {
	struct intern names;
	VEC(struct class) of;
};

/* Behind the quoted part that begins at `at`, or `at` when it does not end. */
static const char *
skip_quoted(const char *at)
{
	const char *end = strchr(at + 1, *at);

	return end != NULL ? end + 1 : at;
}

/* A quoted word of letters: in a list or a map it is a keyword, and says what it is. */
static bool
is_keyword(const char *quoted, const char *behind)
{
	size_t letters = strspn(quoted + 1, "abcdefghijklmnopqrstuvwxyz"
					    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_-./");

	return letters > 0 && quoted + letters + 2 == behind;
}

/* Behind a name of parts with points between them of which the last begins with a capital,
 * where the error ends there or goes on with ": "; else NULL. */
static const char *
skip_exception(const char *error)
{
	const char *part = error, *behind = error;
	size_t parts = 0;

	for (;; part = behind + 1) {
		behind = part + strspn(part, "abcdefghijklmnopqrstuvwxyz_$"
					     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
		parts++;
		if (behind == part || isdigit((unsigned char)*part))
			return NULL;
		if (*behind != '.')
			break;
	}
	bool is_end = *behind == '\0' || strncmp(behind, ": ", 2) == 0;
	return parts > 1 && isupper((unsigned char)*part) && is_end ? behind : NULL;
}

static void
text_class(const char *error, struct buf *name)
{
	bool has_keywords = *error == '[' || *error == '{';

	while (*error != '\0' && name->len < CLASS_BYTES_MAX) {
		const char *behind =
			*error == '\'' || *error == '"' ? skip_quoted(error) : error;
		if (has_keywords && behind > error && is_keyword(error, behind)) {
			buf_append(name, error, (size_t)(behind - error));
			error = behind;
		} else if (isdigit((unsigned char)*error)) {
			error += strspn(error, "0123456789");
			buf_char(name, '#');
		} else if (behind > error) {
			error = behind;
			buf_string(name, "'..'");
		} else {
			buf_char(name, *error++);
		}
	}
}

static void
class_of(const char *error, struct buf *name)
{
	const char *behind = skip_exception(error);

	buf_clear(name);
	if (behind != NULL)
		buf_append(name, error, (size_t)(behind - error));
	else
		text_class(error, name);
}

static void
note(struct classes *classes, const struct history *history, uint32_t index,
     struct buf *name)
{
	const struct op *op = &history->ops.items[index];

	class_of(history_error(history, op), name);
	if (classes->of.count >= CLASSES_MAX &&
	    intern_find(&classes->names, name->data, name->len) == UINT32_MAX) {
		buf_clear(name);
		buf_string(name, "others");
	}
	uint32_t id = intern_bytes(&classes->names, buf_text(name), name->len);
	if (id == classes->of.count)
		vec_push(&classes->of, (struct class){.example = index, .number = id});
	classes->of.items[id].of[OP_NONE]++;
	classes->of.items[id].of[op->type]++;
}

static int
by_frequency(const void *a, const void *b)
{
	const struct class *x = a, *y = b;

	if (x->of[OP_NONE] != y->of[OP_NONE])
		return x->of[OP_NONE] > y->of[OP_NONE] ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* All errors; the caller releases. Returns how many there were. */
static uint64_t
classify(const struct history *history, struct classes *classes)
{
	struct buf name = {0};
	uint64_t errors = 0;

	*classes = (struct classes){0};
	intern_init(&classes->names);
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].error != 0) {
			note(classes, history, i, &name);
			errors++;
		}
	if (classes->of.count > 0)
		qsort(classes->of.items, classes->of.count, sizeof(*classes->of.items),
		      by_frequency);
	buf_release(&name);
	return errors;
}

static void
classes_release(struct classes *classes)
{
	intern_release(&classes->names);
	vec_release(&classes->of);
}

bool
exceptions_words(const struct history *history, size_t classes_told, struct buf *out)
{
	struct classes classes;
	char number[32];
	bool is_found = classify(history, &classes) > 0;

	for (size_t i = 0; i < classes.of.count && i < classes_told; i++) {
		const struct class *class = &classes.of.items[i];
		struct bytes name = intern_get(&classes.names, class->number);
		buf_printf(out, "%s%s ", i > 0 ? ", " : "",
			   text_count(class->of[OP_NONE], number, sizeof(number)));
		buf_append(out, name.data, name.len);
	}
	if (classes.of.count > classes_told)
		buf_printf(out, " and %zu more", classes.of.count - classes_told);
	classes_release(&classes);
	return is_found;
}

static void
print_class(const struct history *history, const struct classes *classes,
	    const struct class *class, struct buf *details)
{
	const struct op *example = &history->ops.items[class->example];
	struct bytes name = intern_get(&classes->names, class->number);
	const char *error = history_error(history, example);
	const char *f = history_f_name(history, example->f);

	buf_char(details, '{');
	tell_name(details, "class");
	json_print_string(name.data, name.len, details);
	tell_number(details, "count", class->of[OP_NONE]);
	tell_number(details, "fail", class->of[OP_FAIL]);
	tell_number(details, "info", class->of[OP_INFO]);
	tell_name(details, "example");
	buf_char(details, '{');
	tell_number(details, "process", example->process);
	tell_name(details, "f");
	json_print_string(f, strlen(f), details);
	tell_name(details, "error");
	json_print_string(error, strnlen(error, CLASS_BYTES_MAX), details);
	buf_string(details, "}}");
}

static int
exceptions_fits(const struct history *history)
{
	(void)history;
	return 0;
}

static void
exceptions_check(const struct history *history, const struct check_options *options,
		 struct check_result *result)
{
	struct classes classes;
	uint64_t errors = classify(history, &classes);

	(void)options;
	result->complexity = "O(total length of the errors)";
	result->operations = history->ops.count;
	tell_number(&result->details, "error-count", errors);
	tell_number(&result->details, "class-count", classes.of.count);
	tell_name(&result->details, "exceptions");
	buf_char(&result->details, '[');
	for (size_t i = 0; i < classes.of.count && i < CLASSES_TOLD; i++) {
		if (i > 0)
			buf_char(&result->details, ',');
		print_class(history, &classes, &classes.of.items[i], &result->details);
	}
	buf_char(&result->details, ']');
	tell_end(result, mem_format("%llu errors of %zu classes; errors are no violation",
				    (unsigned long long)errors, classes.of.count));
	classes_release(&classes);
}

const struct checker checker_exceptions = {
	.name = "unhandled-exceptions",
	.summary = "the errors of clients by class, the most frequent first",
	.fits = exceptions_fits,
	.check = exceptions_check,
};
