/* online_check.h - a run judged on a thread of its own while the recorder writes.
 *
 * The recorder hands over what is new, batch by batch, and never waits. The thread puts the
 * events in the order of their positions, reads values that are texts, and tells the decider
 * (checkers/online/online.h). When more than ONLINE_WAITING_MAX events wait to be judged,
 * judging is given up: the checker at the end of the run decides alone, as it does anyway. */
#ifndef HARNESS_ONLINE_CHECK_H
#define HARNESS_ONLINE_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "checkers/online/online.h"

enum {
	ONLINE_WAITING_MAX = 1 << 18,
	ONLINE_TEXTS_MAX = 256 << 20, /* bytes of their values that are texts */
};

/* A key or value as the recorder has it. */
struct online_word {
	bool is_text;	/* JSON, NUL-terminated; `number` says where it starts */
	bool is_number; /* neither: nil */
	int64_t number;
};

/* An event: it began (OP_NONE), or it ended. */
struct online_news {
	uint32_t position, process;
	uint16_t f;
	uint8_t type;
	struct online_word key, value;
};

struct online_batch {
	VEC(struct online_news) news;
	struct buf texts;
};

void online_batch_clear(struct online_batch *batch);
void online_batch_release(struct online_batch *batch);

struct online_check;

struct online_check *online_check_new(const struct online_decider *decider,
				      const struct online_options *options,
				      struct err *err);

/* Of the recorder's thread: what is new, in any order, and the position before which every
 * event has been told. The batch is copied. */
void online_check_tell(struct online_check *check, const struct online_batch *batch,
		       uint32_t position);

/* Of any thread: a violation was found. */
bool online_check_found(const struct online_check *check);

/* Of any thread: how many operations were judged to their end. */
uint64_t online_check_judged(const struct online_check *check);

/* Waits until all that was told is judged, and appends in words what came of it. Call
 * once, when nobody tells any more. */
void online_check_end(struct online_check *check, struct buf *words);

/* After online_check_end or without it; NULL is fine. */
void online_check_free(struct online_check *check);

#endif
