/* The text of Plume and PolySI, which AWDIT takes too: one micro-operation a line,
 *
 *	w(KEY,VALUE,SESSION,TRANSACTION)
 *	r(KEY,VALUE,SESSION,TRANSACTION)
 *
 * Transaction -1 was aborted. A read of 0 that nobody wrote saw the initial value. */
#include "results/formats/sessions_reading.h"

static bool
read_line(struct reading *reading, struct sessions *sessions, struct map *txns)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct session_mop mop = {0};
	val session, txn;

	if (*scan->at != 'r' && *scan->at != 'w')
		return scan_fail(scan, from, "expected r(...) or w(...)");
	mop.is_write = *scan->at++ == 'w';
	if (!scan_expect(scan, '(', "'('") || !sessions_number(scan, "a key", &mop.key) ||
	    !scan_expect(scan, ',', "','") ||
	    !sessions_number(scan, "a value", &mop.value) ||
	    !scan_expect(scan, ',', "','") ||
	    !sessions_number(scan, "a session", &session) ||
	    !scan_expect(scan, ',', "','") ||
	    !sessions_number(scan, "a transaction", &txn) ||
	    !scan_expect(scan, ')', "')'"))
		return false;
	int64_t number = val_number(scan->values, session);
	if (number < 0 || number >= UINT32_MAX)
		return scan_fail(scan, from, "session %lld is out of range",
				 (long long)number);
	if (val_number(scan->values, txn) == -1) {
		mop.txn = sessions_begin(sessions, (uint32_t)number);
		vec_last(&sessions->txns)->is_aborted = true;
	} else {
		bool is_new;
		uint64_t *known = map_at(txns, txn, &is_new);
		if (is_new)
			*known = sessions_begin(sessions, (uint32_t)number);
		mop.txn = (uint32_t)*known;
		if (sessions->txns.items[mop.txn].session != number)
			return scan_fail(scan, from,
					 "transaction %lld is in two sessions",
					 (long long)val_number(scan->values, txn));
	}
	return reading_add_mop(reading, sessions, &mop, from);
}

static bool
read_plume(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct sessions sessions;
	struct map txns = {0};
	bool ok = true;

	reading_sessions_init(reading, &sessions);
	sessions.missing = val_small(0);
	while (ok && (ok = scan_space(scan)) && scan->at < scan->end)
		ok = read_line(reading, &sessions, &txns);
	map_release(&txns);
	return reading_sessions_finish(reading, &sessions, ok);
}

static int
sniff(struct bytes head)
{
	struct values values;
	struct scan scan;
	val number;
	int score = 0;

	values_init(&values);
	scan_init(&scan, SCAN_JSON, &values, head);
	if (scan_space(&scan) && scan.at + 2 < scan.end &&
	    (*scan.at == 'r' || *scan.at == 'w') && scan.at[1] == '(') {
		scan.at += 2;
		if (sessions_number(&scan, "", &number) && scan_expect(&scan, ',', ""))
			score = 95;
	}
	scan_release(&scan);
	values_release(&values);
	return score;
}

const struct format format_plume = {
	.name = "plume",
	.summary = "transactions as Plume, PolySI and AWDIT read them: "
		   "w(KEY,VALUE,SESSION,TXN)",
	.sniff = sniff,
	.read = read_plume,
};
