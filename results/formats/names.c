#include "results/formats/names.h"

#include <string.h>

void
names_init(struct names *names)
{
	*names = (struct names){0};
}

void
names_release(struct names *names)
{
	names_init(names);
}

/* Histories have two or three functions: the first eight names met are kept at hand. */
static void
remember(struct names *names, const char *name, size_t bytes, uint16_t f)
{
	if (names->count == NAMES_RECENT || bytes > sizeof(names->recent[0].text))
		return;
	memcpy(names->recent[names->count].text, name, bytes);
	names->recent[names->count].bytes = bytes;
	names->recent[names->count++].f = f;
}

/* What other tools call functions that we know: Porcupine and its users, Jepsen's counters,
 * Maelstrom's broadcast (which adds to a set). */
static const char *
known_as(const char *name, size_t bytes)
{
	static const char *const others[][2] = {{"get", "read"},
						{"put", "write"},
						{"inc", "increment"},
						{"dec", "decrement"},
						{"broadcast", "add"}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strlen(others[i][0]) == bytes &&
		    memcmp(others[i][0], name, bytes) == 0)
			return others[i][1];
	return NULL;
}

bool
names_f(struct names *names, struct history *history, const char *name, size_t bytes,
	uint16_t *f)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->recent[i].bytes == bytes && bytes > 0 &&
		    names->recent[i].text[0] == name[0] &&
		    memcmp(names->recent[i].text, name, bytes) == 0) {
			*f = names->recent[i].f;
			return true;
		}
	if (history->fs.count >= NAMES_MAX)
		return false;
	const char *known = known_as(name, bytes);
	*f = known != NULL ? history_f(history, known, strlen(known))
			   : history_f(history, name, bytes);
	remember(names, name, bytes, *f);
	return true;
}
