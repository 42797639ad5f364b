/* decider.h - what a decider of one type brings to be fed online: one file and one line in
 * online.def.
 *
 * Keys are judged alone; of each the decider has a state of its own. It hears of an
 * operation twice, when it begins and when it ends. A state may forget whatever only an
 * operation that began before the watermark could still contradict. Operations of unknown
 * outcome have ended for the watermark, though they may take effect later. */
#ifndef CHECKERS_ONLINE_DECIDER_H
#define CHECKERS_ONLINE_DECIDER_H

#include "checkers/online/online.h"

#define ONLINE_NEVER	  INT64_MAX
#define ONLINE_BEFORE_ALL INT64_C(-1)

enum {
	ONLINE_NOTES = 3
};

/* An operation as a decider hears of it. */
struct online_call {
	struct online *online;
	const struct online_options *options;
	const struct values *values;
	void *state; /* of its key */
	online_value key;
	uint64_t *notes; /* the decider's own, from the invocation to the end */
	uint32_t process;
	uint16_t f;
	uint8_t type; /* OP_NONE: it begins */
	val value;
	int64_t invoke_at; /* position of its invocation */
	int64_t at;	   /* of this event */
	int64_t watermark; /* no other open operation of the key began before it: forget only
			      when this one has been judged */
};

struct online_decider {
	const char *name;    /* of the checker that judges at the end */
	const char *summary; /* what is found on the way */
	size_t state_bytes;
	/* Operations open on a key at once; beyond, the oldest counts as of unknown outcome.
	 * 0: any number. */
	uint32_t open_max;
	/* Of a state of zeros; NULL: it is ready. */
	void (*start)(void *state, const struct online_options *options);
	void (*stop)(void *state); /* frees what it owns; NULL: nothing */
	void (*begin)(const struct online_call *call);
	void (*end)(const struct online_call *call);
	/* What old operations hold back makes it slow; NULL: nothing does. */
	bool (*is_crowded)(const void *state);
	/* Adds values and bytes beyond state_bytes. */
	void (*size)(const void *state, struct online_size *size);
};

/* Raises a violation that the operation shows; the first one counts. */
void online_violate(const struct online_call *call, const char *name, online_value value,
		    online_value other);

/* Something was let go that could have shown a violation: not all is judged (static). */
void online_unheard(const struct online_call *call, const char *reason);

/* The key cannot be judged any more: with the reason (static). */
void online_give_up(const struct online_call *call, const char *reason);

#endif
