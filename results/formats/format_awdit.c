/* AWDIT's format for tests, to be written by hand:
 *
 *	w 0 1		a write of 1 to key 0
 *	-----		the next transaction of the session
 *	r 0 1
 *	=====		the next session
 *
 * There is no initial value: a read of what nobody wrote is wrong. */
#include "results/formats/sessions_reading.h"

struct awdit {
	struct sessions sessions;
	uint32_t session, txn;
	bool is_open; /* the transaction has begun */
};

static bool
read_mop(struct reading *reading, struct awdit *awdit)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct session_mop mop = {.is_write = *scan->at++ == 'w'};

	if (!awdit->is_open)
		awdit->txn = sessions_begin(&awdit->sessions, awdit->session);
	awdit->is_open = true;
	mop.txn = awdit->txn;
	return scan_space(scan) && sessions_number(scan, "a key", &mop.key) &&
	       scan_space(scan) && sessions_number(scan, "a value", &mop.value) &&
	       reading_add_mop(reading, &awdit->sessions, &mop, from);
}

static bool
read_item(struct reading *reading, struct awdit *awdit)
{
	struct scan *scan = &reading->scan;
	char c = *scan->at;

	if (c == 'r' || c == 'w')
		return read_mop(reading, awdit);
	if (c != '-' && c != '=')
		return scan_fail(scan, scan->at, "expected r, w, ----- or =====");
	while (scan->at < scan->end && *scan->at == c)
		scan->at++;
	awdit->is_open = false;
	awdit->session += c == '=';
	return true;
}

static bool
read_awdit(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct awdit awdit = {0};
	bool ok = true;

	reading_sessions_init(reading, &awdit.sessions);
	while (ok && (ok = scan_space(scan)) && scan->at < scan->end)
		ok = read_item(reading, &awdit);
	return reading_sessions_finish(reading, &awdit.sessions, ok);
}

static int
sniff(struct bytes head)
{
	size_t at = 0;

	while (at < head.len &&
	       (head.data[at] == '\n' || head.data[at] == ' ' || head.data[at] == '\r'))
		at++;
	if (at + 3 >= head.len || (head.data[at] != 'r' && head.data[at] != 'w') ||
	    head.data[at + 1] != ' ')
		return 0;
	return head.data[at + 2] >= '0' && head.data[at + 2] <= '9' ? 90 : 0;
}

const struct format format_awdit = {
	.name = "awdit",
	.summary = "transactions in AWDIT's test format: `w KEY VALUE`, -----, =====",
	.sniff = sniff,
	.read = read_awdit,
};
