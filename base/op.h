/* op.h - an operation of a client, and the vocabulary of functions.
 *
 * An operation has an invocation and, when its outcome became known, a completion. Both
 * have a position in one total order of events, taken before the request leaves and after
 * the answer arrived: a precedes b in real time iff a.complete_at < b.invoke_at. */
#ifndef BASE_OP_H
#define BASE_OP_H

#include "base/value.h"

enum op_type {
	OP_NONE = 0,
	OP_OK,	 /* it happened, the result is known */
	OP_FAIL, /* it did not happen */
	OP_INFO, /* nobody knows; it may take effect at any later time, or never */
};

/* What an operation asks. Names that are not here get numbers from F_KNOWN up, in the
 * order met (history_f). */
enum op_f {
	F_NONE = 0,
#define F(id, name) F_##id,
#include "base/op_f.def"
#undef F
	F_KNOWN,
};

#define OP_NEVER UINT32_MAX /* the position of a completion that did not come */

struct op {
	int64_t invoke_ns;    /* monotonic, since the start of the run */
	int64_t complete_ns;  /* -1: never completed */
	uint32_t invoke_at;   /* position in the order of events */
	uint32_t complete_at; /* OP_NEVER for OP_INFO, also when an info event came */
	val key;	      /* nil where the workload has no keys */
	val input;	      /* what the invocation carried */
	val output;	      /* what the completion carried; nil if none */
	uint32_t process; /* logical process, sequential: one open operation at most */
	uint32_t error;	  /* string id in the history's values + 1; 0: none */
	uint16_t f;	  /* enum op_f, or a name of history_f */
	uint8_t type;	  /* enum op_type */
	uint8_t node;	  /* 1..: index of the host + 1; 0: unknown */
};

/* The name of a known function, and back (F_NONE when unknown). */
const char *op_f_name(enum op_f f);
enum op_f op_f_find(const char *name, size_t bytes);

/* "ok", "fail", "info". */
const char *op_type_name(enum op_type type);

#endif
