/* hostile.h - all that reads what others wrote, each behind one function that takes any
 * bytes.
 *
 * A target must come back: no crash, no failed assertion, nothing that a sanitizer sees, no
 * memory without bound. What it reads well it also uses (writes it out and reads that again,
 * or judges it), so that laws are tried and not the parser's return value alone.
 *
 * tests/fuzz/libfuzzer.c and tools/fuzz.sh let a fuzzer look for such bytes;
 * tests/hostile/test_hostile.c replays the seeds and mutants of them. */
#ifndef TESTS_HOSTILE_HOSTILE_H
#define TESTS_HOSTILE_HOSTILE_H

#include "base/buf.h"
#include "base/history.h"

#include <stdbool.h>

/* Lines of hostile.def. Seeds, and what a fuzzer once found, are the files of
 * tests/hostile/inputs/NAME/ and those of `seeds`. */
struct hostile {
	const char *name;
	void (*take)(const char *argument, struct bytes input);
	const char *argument; /* NULL: the target needs none */
	const char *seeds;    /* a glob below the top folder, or NULL */
};

extern const struct hostile hostile_targets[]; /* ends with a name of NULL */

/* NULL: there is no such target. */
const struct hostile *hostile_find(const char *name);

/* ---- for the targets ---------------------------------------------------------------------- */

/* Takes choices off the front; zeros when nothing is left. */
uint8_t hostile_byte(struct bytes *input);
int64_t hostile_number(struct bytes *input); /* small ones more often */

/* The front up to the next '\n', which goes too, as a text; the caller frees. */
char *hostile_line(struct bytes *input);

/* The bytes as a file without a name; its path below /proc. The caller closes. */
int hostile_file(struct bytes input, char *path, size_t path_bytes);

/* Judges with every checker, each with little time and memory, with options that are taken
 * from `choices`. A verdict that its own certificate contradicts is a failed assertion. */
void hostile_judge(struct history *history, struct bytes *choices);

#endif
