/* read_text.h - a text read as a history called "h", for tests of the readers. */
#ifndef TESTS_RESULTS_READ_TEXT_H
#define TESTS_RESULTS_READ_TEXT_H

#include "results/formats/reader.h"

struct read {
	struct history history; /* the test releases it */
	struct reader_facts facts;
	struct err err;
	bool ok;
};

void read_with(struct read *read, const char *text, const char *format, const char *key);

/* What cannot be read fails the test. */
void read_good(struct read *read, const char *text, const char *key);

#endif
