#include "checkers/model_names.h"

#include "base/text.h"
#include "checkers/checker.h"

#include <string.h>

enum {
	NAMES_MAX = 256
};

static const char *const variants[] = {"at-least-once", "at-most-once",
				       "atomic",	"coordinator",
				       "exactly-once",	"monotone",
				       "mutex",		"overdraft",
				       "owner",		"priority-queue-least",
				       "reentrant",	"rows",
				       "sessionless",	"strict",
				       "volatile",	"ww-deps"};
/* Whose they are: words of the names of checkers, in the order of the variants. */
static const char *const owners[] = {"stream",
				     "stream",
				     "staleness versions",
				     "versions",
				     "stream total-queue",
				     "unique-ids",
				     "lock fenced-lock",
				     "bank",
				     "lock fenced-lock",
				     "priority-queue",
				     "lock fenced-lock",
				     "dirty-reads",
				     "versions",
				     "versions",
				     "versions",
				     "kafka"};
static const char *const knossos[][2] = {{"cas-register", "register"},
					 {"fifo-queue", "queue"},
					 {"unordered-queue", "bag"}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const *
model_variants(size_t *count)
{
	*count = COUNT(variants);
	return variants;
}

/* SEMANTICS/OPERATOR of streams is a variant too, and words of versions. */
static bool
is_variant(const char *model)
{
	for (size_t i = 0; i < COUNT(variants); i++)
		if (strcmp(model, variants[i]) == 0)
			return true;
	return strchr(model, '/') != NULL;
}

/* The word is one of those between blanks. */
static bool
has_word(const char *words, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = words; (at = strstr(at, word)) != NULL; at += length)
		if ((at == words || at[-1] == ' ') &&
		    (at[length] == '\0' || at[length] == ' '))
			return true;
	return false;
}

/* Several words at once, and operators, are of streams and versions. */
static const char *
owners_of(const char *model)
{
	for (size_t i = 0; i < COUNT(variants); i++)
		if (strcmp(model, variants[i]) == 0)
			return owners[i];
	return strchr(model, '/') != NULL ? "stream versions staleness" : NULL;
}

bool
model_suits(const char *model, const char *checker, struct err *err)
{
	const char *named, *of = owners_of(model);
	struct err ignored;

	if (of != NULL && has_word(of, checker))
		return true;
	if (of == NULL &&
	    (!model_name_find(model, &named, &ignored) || strcmp(named, checker) == 0))
		return true;
	err_set(err, "the checker %s has no model '%s'", checker, model);
	return of != NULL ? err_hint(err, "that is a model of: %s", of) : false;
}

static bool
refuse(const char *model, struct err *err)
{
	const char *names[NAMES_MAX];
	size_t count, known = 0;
	const struct checker *const *all = checkers_all(&count);

	for (size_t i = 0; i < count && known < NAMES_MAX - COUNT(variants); i++)
		names[known++] = all[i]->name;
	for (size_t i = 0; i < COUNT(variants); i++)
		names[known++] = variants[i];
	const char *nearest = text_nearest(model, names, known);
	err_set(err, "unknown model '%s'", model);
	if (nearest != NULL)
		return err_hint(err, "did you mean '%s'?", nearest);
	return err_hint(
		err,
		"'faultline list checkers' shows them; a file is ./my.lua or ./my.so");
}

bool
model_name_find(const char *model, const char **checker, struct err *err)
{
	struct err ignored;

	*checker = NULL;
	if (is_variant(model))
		return true;
	for (size_t i = 0; i < COUNT(knossos); i++)
		if (strcmp(model, knossos[i][0]) == 0)
			model = knossos[i][1];
	if (checker_find(model, &ignored) == NULL)
		return refuse(model, err);
	*checker = model;
	return true;
}
