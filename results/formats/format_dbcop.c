/* dbcop's JSON: sessions, of transactions, of events; alone or as "data" of an object.
 *
 *	[[{"events":[{"Write":{"variable":0,"version":1}}],"committed":true}], ...]
 *
 * and the events of its first edition, whose initial value is 0:
 *
 *	{"events":[{"write":true,"variable":0,"value":1,"success":true}],"success":true}
 */
#include "results/formats/sessions_reading.h"

#include <string.h>

struct dbcop {
	struct reading *reading; /* borrowed */
	struct sessions sessions;
	uint32_t session, txn;
	struct session_mop mop; /* of the event at hand */
	bool is_refused;	/* the event had no success */
};

typedef bool item_reader(struct dbcop *dbcop);
typedef bool member_reader(struct dbcop *dbcop, struct bytes name);

static bool
is_word(struct bytes word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.data, text, word.len) == 0;
}

/* After an item: a comma and more, or the closing byte, which is taken. */
static bool
more_items(struct scan *scan, char closer, bool *more)
{
	if (!scan_space(scan))
		return false;
	*more = scan->at == scan->end || *scan->at != closer;
	if (*more)
		return scan_expect(scan, ',',
				   closer == ']' ? "',' or ']'" : "',' or '}'") &&
		       scan_space(scan);
	scan->at++;
	return true;
}

static bool
open_items(struct scan *scan, char opener, char closer, const char *what, bool *more)
{
	if (!scan_space(scan) || !scan_expect(scan, opener, what) || !scan_space(scan))
		return false;
	*more = scan->at == scan->end || *scan->at != closer;
	scan->at += !*more;
	return true;
}

static bool
read_list(struct dbcop *dbcop, const char *what, item_reader *read_item)
{
	struct scan *scan = &dbcop->reading->scan;
	bool more;

	if (!open_items(scan, '[', ']', what, &more))
		return false;
	while (more)
		if (!read_item(dbcop) || !more_items(scan, ']', &more))
			return false;
	return true;
}

static bool
read_object(struct dbcop *dbcop, const char *what, member_reader *read_member)
{
	struct scan *scan = &dbcop->reading->scan;
	struct bytes name;
	bool more;

	if (!open_items(scan, '{', '}', what, &more))
		return false;
	while (more) {
		char copy[32];
		if (!scan_word(scan, &name))
			return false;
		name.len = name.len < sizeof(copy) ? name.len : sizeof(copy);
		memcpy(copy, name.data, name.len);
		name.data = copy;
		if (!scan_space(scan) || !scan_expect(scan, ':', "':'") ||
		    !scan_space(scan) || !read_member(dbcop, name) ||
		    !more_items(scan, '}', &more))
			return false;
	}
	return true;
}

static bool
read_bool(struct scan *scan, bool *truth)
{
	const char *from = scan->at;
	val v;

	if (!scan_value(scan, &v))
		return false;
	if (val_kind(v) != VAL_BOOL)
		return scan_fail(scan, from, "expected true or false");
	*truth = val_truth(v);
	return true;
}

static bool
read_event_member(struct dbcop *dbcop, struct bytes name)
{
	struct scan *scan = &dbcop->reading->scan;
	bool truth = true;

	if (is_word(name, "Write") || is_word(name, "Read")) {
		dbcop->mop.is_write = name.data[0] == 'W';
		return read_object(dbcop, "'{'", read_event_member);
	}
	if (is_word(name, "variable"))
		return scan_value(scan, &dbcop->mop.key);
	if (is_word(name, "version"))
		return scan_value(scan, &dbcop->mop.value);
	if (is_word(name, "value")) {
		dbcop->sessions.missing = val_small(0);
		return scan_value(scan, &dbcop->mop.value);
	}
	if (is_word(name, "write"))
		return read_bool(scan, &dbcop->mop.is_write);
	if (!is_word(name, "success"))
		return scan_drop(scan);
	if (!read_bool(scan, &truth))
		return false;
	dbcop->is_refused = !truth;
	return true;
}

static bool
read_event(struct dbcop *dbcop)
{
	struct scan *scan = &dbcop->reading->scan;
	const char *from = scan->at;

	dbcop->mop = (struct session_mop){.txn = dbcop->txn};
	dbcop->is_refused = false;
	if (!read_object(dbcop, "an event as an object", read_event_member))
		return false;
	if (dbcop->mop.key == VAL_OF_NIL)
		return scan_fail(scan, from, "the event has no variable");
	if (dbcop->is_refused && !dbcop->mop.is_write)
		return true;
	if (dbcop->is_refused) { /* it happened to nobody: as a transaction that aborted */
		dbcop->mop.txn = sessions_begin(&dbcop->sessions, dbcop->session);
		vec_last(&dbcop->sessions.txns)->is_aborted = true;
	}
	return reading_add_mop(dbcop->reading, &dbcop->sessions, &dbcop->mop, from);
}

static bool
read_txn_member(struct dbcop *dbcop, struct bytes name)
{
	bool truth = true;

	if (is_word(name, "events"))
		return read_list(dbcop, "a list of events", read_event);
	if (!is_word(name, "committed") && !is_word(name, "success"))
		return scan_drop(&dbcop->reading->scan);
	if (!read_bool(&dbcop->reading->scan, &truth))
		return false;
	dbcop->sessions.txns.items[dbcop->txn].is_aborted = !truth;
	return true;
}

static bool
read_txn(struct dbcop *dbcop)
{
	dbcop->txn = sessions_begin(&dbcop->sessions, dbcop->session);
	return read_object(dbcop, "a transaction as an object", read_txn_member);
}

static bool
read_session(struct dbcop *dbcop)
{
	bool ok = read_list(dbcop, "a session as a list", read_txn);

	dbcop->session++;
	return ok;
}

static bool
read_member(struct dbcop *dbcop, struct bytes name)
{
	if (is_word(name, "data"))
		return read_list(dbcop, "a list of sessions", read_session);
	return scan_drop(&dbcop->reading->scan);
}

static bool
read_dbcop(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct dbcop dbcop = {.reading = reading};

	reading_sessions_init(reading, &dbcop.sessions);
	bool ok = scan_space(scan) &&
		  (scan->at < scan->end && *scan->at == '{'
			   ? read_object(&dbcop, "'{'", read_member)
			   : read_list(&dbcop, "a list of sessions", read_session)) &&
		  scan_space(scan) &&
		  (scan->at == scan->end ||
		   scan_fail(scan, scan->at, "something follows the history"));
	return reading_sessions_finish(reading, &dbcop.sessions, ok);
}

/* A transaction within its session, or the object around all. */
static int
sniff(struct bytes head)
{
	size_t at = 0;
	char seen[4] = "";

	for (size_t depth = 0; at < head.len && depth < 3; at++)
		if (strchr(" \t\r\n", head.data[at]) == NULL)
			seen[depth++] = head.data[at];
	if (strncmp(seen, "[[{", 3) == 0 || strncmp(seen, "[[]", 3) == 0)
		return memmem(head.data, head.len, "\"events\"", 8) != NULL ? 95 : 20;
	return seen[0] == '{' && memmem(head.data, head.len, "\"data\"", 6) != NULL &&
			       memmem(head.data, head.len, "\"events\"", 8) != NULL
		       ? 95
		       : 0;
}

const struct format format_dbcop = {
	.name = "dbcop",
	.summary = "transactions by session, dbcop's JSON",
	.sniff = sniff,
	.read = read_dbcop,
};
