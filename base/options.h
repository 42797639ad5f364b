/* options.h - command-line options from a table, one line an option.
 *
 *	static struct settings { const char *system; int64_t time_ns; bool quiet; } s;
 *	const struct option_row rows[] = {
 *		{"system", 's', OPTION_TEXT, &s.system, "NAME", "the system under test"},
 *		{"time", 't', OPTION_DURATION, &s.time_ns, "TIME", "how long clients run"},
 *		{"quiet", 'q', OPTION_FLAG, &s.quiet, NULL, "print the verdict only"},
 *		{0}};
 *	if (!options_parse(rows, &argc, &argv, &err)) ...
 *
 * Accepts --name value, --name=value, -n value, -nvalue; `--` ends the options; options and
 * plain words may be mixed. An unknown option names the nearest one. */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "base/err.h"
#include "base/text.h"

#include <stdint.h>
#include <stdio.h>

enum option_kind {
	OPTION_END = 0,
	OPTION_FLAG,	 /* bool: set true; --no-NAME sets false */
	OPTION_TEXT,	 /* const char *: borrowed from argv */
	OPTION_TEXTS,	 /* struct strings: each use adds one */
	OPTION_INT,	 /* int64_t, >= 0 */
	OPTION_REAL,	 /* double, >= 0 */
	OPTION_DURATION, /* int64_t, nanoseconds */
	OPTION_SIZE,	 /* uint64_t, bytes */
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	void *target;
	const char *argument; /* its name in the help; NULL for flags */
	const char *help;     /* one line */
};

/* Reads the options out of argc/argv (argv[0] is skipped); what is left are the plain words.
 * Fails on unknown options, missing or bad arguments; the caller exits with 254. */
bool options_parse(const struct option_row *rows, int *argc, char ***argv,
		   struct err *err);

/* Prints the rows as aligned help lines. */
void options_help(const struct option_row *rows, FILE *to);

#endif
