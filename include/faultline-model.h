/* faultline-model.h - a data type of your own, for `faultline check --model ./my.so FILE`.
 * (A Lua table does as well, --model ./my.lua: see faultline(1).)
 *
 * A model says what a sequential object would do; faultline finds out whether the recorded
 * operations, which overlapped, fit such an object (linearizability), key by key. Write a
 * file with a variable of the name below and compile it as a shared object:
 *
 *	#include <faultline-model.h>
 *	const struct faultline_model faultline_model = {
 *		.version = FAULTLINE_MODEL_VERSION, .name = "my type", ...};
 *
 *	cc -shared -fPIC -o my.so my.c
 *
 * The functions must be pure: the same state and the same call give the same answer; no
 * I/O, no global variables that change, no pointers in a state. They are called from
 * several threads at once. */
#ifndef FAULTLINE_MODEL_H
#define FAULTLINE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAULTLINE_MODEL_VERSION	    2 /* 1 lacks the members of version 2, and is fine */
#define FAULTLINE_MODEL_STATE_BYTES 65536 /* at most */

enum faultline_kind {
	FAULTLINE_NIL = 0,
	FAULTLINE_INT,
	FAULTLINE_BOOL,
	FAULTLINE_STRING,
	FAULTLINE_LIST,
	FAULTLINE_MAP,
	FAULTLINE_REAL,
};

/* What an operation carries. */
struct faultline_value {
	enum faultline_kind kind;
	int64_t number;	  /* an integer; a boolean as 0 or 1 */
	double real;	  /* a real */
	const char *text; /* a string, with a NUL behind it */
	size_t count; /* bytes of a string, items of a list, keys and values of a map */
	const struct faultline_value *items; /* a map: key, value, key, value, ... */
};

/* An operation that took effect. Operations that failed are never asked about. */
struct faultline_call {
	const char *f;			      /* what was asked: "read", "enqueue", ... */
	const struct faultline_value *input;  /* what the invocation carried */
	const struct faultline_value *output; /* what the completion carried */
	bool is_known; /* the result is known; else its output is nil and says nothing */
	uint32_t process; /* who asked; 0 unless uses_process */
};

struct faultline_model {
	uint32_t version; /* FAULTLINE_MODEL_VERSION */
	const char *name;
	size_t state_bytes; /* two states are the same when all their bytes are */
	bool uses_process;  /* who asks matters; searches are faster when not */

	/* Writes the first state into `state`, which is all zeros; `initial` is what --init
	 * said, or nil. */
	void (*init)(void *state, const struct faultline_value *initial);

	/* Changes the state as the call does; false when a sequential object in this state
	 * could not have answered so (then the state does not matter any more). */
	bool (*step)(void *state, const struct faultline_call *call);

	/* Optional: the call never changes a state. Makes the search faster. Found without
	 * it where a history meets few states. */
	bool (*is_read)(const struct faultline_call *call);

	/* Optional: the model knows such calls; the check answers unknown when not. */
	bool (*understands)(const struct faultline_call *call);

	/* ---- version 2 ---- */

	/* Optional: why the model could not answer the last init or step of this thread,
	 * one sentence; NULL: it answered. The check is then unknown with this reason. */
	const char *(*failure)(void);

	/* Optional: how the history is cut into keys, unless --key says so. */
	const char *key;
};

/* What a shared object must define. */
extern const struct faultline_model faultline_model;

#endif
