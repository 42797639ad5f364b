/* contents.h - what is in a collection, as far as it is certain, while its history grows.
 *
 * Every element is put once. It is *certain* from when its put, or the first operation that
 * saw or took it, ended; it *stays* at least until the last operation that saw or took it
 * began. Elements that are certain and that nobody took stand in a list in the order in
 * which they became certain, and in a heap by rank (priority queues). Elements that were
 * taken are kept until every operation that was open then has ended. */
#ifndef CHECKERS_ONLINE_CONTENTS_H
#define CHECKERS_ONLINE_CONTENTS_H

#include "base/vec.h"
#include "checkers/online/departed.h"
#include "checkers/online/online.h"
#include "checkers/online/table.h"

#define ELEMENT_NONE UINT32_MAX

struct element {
	online_value value;
	int64_t rank;		/* greater goes first; of priority queues */
	int64_t put_at;		/* invocation of its put */
	int64_t certain_at;	/* ONLINE_NEVER: nobody has ended who put or met it */
	int64_t stays_until;	/* ONLINE_BEFORE_ALL: nobody met it */
	int64_t taken_at;	/* end of its take; ONLINE_NEVER: nobody took it */
	uint32_t before, after; /* in the list of those inside */
	uint32_t heap_at;
	enum departure why; /* of those that are lost, but kept */
	int64_t met_at; /* last, where it stands in `recent`; else ONLINE_BEFORE_ALL */
};

/* That an element was met. Of one that was met again since, or dropped, it is void. */
struct meeting {
	int64_t met_at;
	uint32_t element;
};

struct contents {
	struct table of; /* value -> element */
	VEC(struct element) elements;
	VEC(uint32_t) free_elements;
	uint32_t first, last; /* inside, by certain_at */
	size_t inside_count;
	VEC(uint32_t) heap;	    /* those inside, the greatest rank first */
	VEC(struct meeting) recent; /* not before the watermark; ascending */
	bool is_ranked;
	struct departed departed; /* what is not known any more */
};

void contents_init(struct contents *contents, bool is_ranked);
void contents_release(struct contents *contents);
size_t contents_bytes(const struct contents *contents);

/* The element of a value; NULL: it is not known, or forgotten. Valid until the next put. */
struct element *contents_find(const struct contents *contents, online_value value);

struct element *contents_put(struct contents *contents, online_value value, int64_t rank,
			     int64_t at);

/* It is certainly inside from now on, unless it was already. */
void contents_enter(struct contents *contents, struct element *element, int64_t at);

/* Somebody met it at `at` who began at `began`; taken: and it is gone. */
void contents_meet(struct contents *contents, struct element *element, int64_t began,
		   int64_t at);
void contents_take(struct contents *contents, struct element *element, int64_t at);

/* It was taken, at `at` at the latest, by somebody of whom nobody hears any more. */
void contents_lose(struct contents *contents, struct element *element, int64_t at,
		   enum departure why);

/* The first of `recent` that was met after the moment: elements that were met before it do
 * not stay beyond it. And the element of a meeting; NULL: it is void. */
size_t contents_met_after(const struct contents *contents, int64_t moment);
struct element *contents_met(const struct contents *contents, size_t meeting);

/* Its put failed, or no operation can meet it any more. */
void contents_drop(struct contents *contents, struct element *element,
		   enum departure why);

/* Forgets what was taken before the watermark, and what was only seen before it. */
void contents_forget(struct contents *contents, int64_t watermark);

#endif
