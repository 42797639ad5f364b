/* dbcop's text (.hist): sessions of transactions,
 *
 *	// a comment
 *	[x:=1 y:=2] [y==2 x:=3]!	`!`: not committed
 *	---				the next session
 *	[x==? y==2]			`==?`: it was never written
 */
#include "results/formats/sessions_reading.h"

#include <string.h>

/* Space and comments. */
static void
skip(struct scan *scan)
{
	for (; scan->at < scan->end; scan->at++) {
		char c = *scan->at;
		if (c == '/' && scan->at + 1 < scan->end && scan->at[1] == '/')
			while (scan->at + 1 < scan->end && *scan->at != '\n')
				scan->at++;
		else if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return;
	}
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c >= '0' && c <= '9');
}

static bool
read_name(struct scan *scan, val *key)
{
	const char *from = scan->at;

	while (scan->at < scan->end && is_name_byte(*scan->at))
		scan->at++;
	if (scan->at == from || (*from >= '0' && *from <= '9'))
		return scan_fail(scan, from, "expected the name of a variable or ']'");
	*key = val_bytes(scan->values, from, (size_t)(scan->at - from));
	return true;
}

static bool
read_event(struct reading *reading, struct sessions *sessions, uint32_t txn)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct session_mop mop = {.txn = txn};

	if (!read_name(scan, &mop.key))
		return false;
	if (scan->end - scan->at < 3 ||
	    (memcmp(scan->at, ":=", 2) != 0 && memcmp(scan->at, "==", 2) != 0))
		return scan_fail(scan, scan->at, "expected ':=' or '=='");
	mop.is_write = *scan->at == ':';
	scan->at += 2;
	if (!mop.is_write && *scan->at == '?')
		scan->at++;
	else if (!sessions_number(scan, "a version", &mop.value))
		return false;
	return reading_add_mop(reading, sessions, &mop, from);
}

static bool
read_txn(struct reading *reading, struct sessions *sessions, uint32_t session)
{
	struct scan *scan = &reading->scan;
	uint32_t txn = sessions_begin(sessions, session);

	scan->at++;
	for (skip(scan); scan->at < scan->end && *scan->at != ']'; skip(scan))
		if (!read_event(reading, sessions, txn))
			return false;
	if (!scan_expect(scan, ']', "']'"))
		return false;
	if (scan->at < scan->end && *scan->at == '!') {
		sessions->txns.items[txn].is_aborted = true;
		scan->at++;
	}
	return true;
}

static bool
read_item(struct reading *reading, struct sessions *sessions, uint32_t *session)
{
	struct scan *scan = &reading->scan;

	if (*scan->at == '[')
		return read_txn(reading, sessions, *session);
	if (*scan->at != '-')
		return scan_fail(scan, scan->at, "expected '[' or '---'");
	while (scan->at < scan->end && *scan->at == '-')
		scan->at++;
	*session += 1;
	return true;
}

static bool
read_dbcop_text(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct sessions sessions;
	uint32_t session = 0;
	bool ok = true;

	reading_sessions_init(reading, &sessions);
	for (skip(scan); ok && scan->at < scan->end; skip(scan))
		ok = read_item(reading, &sessions, &session);
	return reading_sessions_finish(reading, &sessions, ok);
}

static int
sniff(struct bytes head)
{
	struct scan scan = {.at = head.data, .end = head.data + head.len};

	for (skip(&scan); scan.at < scan.end && *scan.at == '['; skip(&scan))
		scan.at++;
	while (scan.at < scan.end && is_name_byte(*scan.at))
		scan.at++;
	return scan.at > head.data && scan.end - scan.at >= 2 &&
			       (memcmp(scan.at, ":=", 2) == 0 ||
				memcmp(scan.at, "==", 2) == 0)
		       ? 95
		       : 0;
}

const struct format format_dbcop_text = {
	.name = "dbcop-text",
	.summary = "transactions in dbcop's text: [x:=1 y==2], --- between sessions",
	.sniff = sniff,
	.read = read_dbcop_text,
};
