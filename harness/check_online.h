/* check_online.h - `faultline check --online FILE|-`: a history judged while it is read,
 * event by event, in bounded memory; it ends at the first violation. `tail -f` may feed
 * it.
 *
 * What was found in a file is decided again by the checker of the same name on the file up
 * to there; what came through a pipe is gone, and its last events about the key are shown.
 *
 * The budget's memory is for what is live, not for the file; lines are read a megabyte or a
 * line at a time beside it. Only what was found is decided again in the memory of a whole
 * history, and stays found where the file does not fit. */
#ifndef HARNESS_CHECK_ONLINE_H
#define HARNESS_CHECK_ONLINE_H

#include "checkers/online/online.h"
#include "results/formats/reader.h"
#include "results/judgement.h"

struct check_online {
	const char *path;    /* "-": standard input */
	const char *checker; /* NULL: chosen from the first events */
	const char *nil;     /* "unknown", "value", or NULL: as the format has it */
	bool json;
	struct reader_options reader;	  /* of the file up to a violation */
	struct judge_options *judge;	  /* its budget; the file is judged with these */
	const struct values *init_values; /* of their initial value */
	struct online_options options;
};

/* Judges and prints; the exit code in *code: EXIT_INVALID at a violation, else EXIT_UNKNOWN,
 * because online nothing is ever valid. False: nothing could be judged. */
bool check_online(struct check_online *check, int *code, struct err *err);

#endif
