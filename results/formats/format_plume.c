/* The text of Plume and PolySI, which AWDIT takes too: one micro-operation a line,
 *
 *	w(KEY,VALUE,SESSION,TRANSACTION)
 *	r(KEY,VALUE,SESSION,TRANSACTION)
 *
 * Transaction -1 was aborted. A read of 0 that nobody wrote saw the initial value. */
#include "results/formats/sessions_reading.h"

enum {
	SMALL_TXNS = 1024
};

struct plume {
	struct sessions sessions;
	const struct values *values; /* borrowed */
	struct map txns;	     /* transaction -> its number in `sessions` */
	VEC(uint32_t) small_txns; /* the same + 1, of those that a table has room for */
};

/* Where the number of a transaction is kept, + 1; NULL: in the map. Most files count their
 * transactions from 0, so that the table is about as long as they are many. */
static uint32_t *
txn_place(struct plume *plume, int64_t name)
{
	size_t room = 4 * plume->sessions.txns.count + SMALL_TXNS;

	if (name < 0 || (uint64_t)name >= room)
		return NULL;
	while (plume->small_txns.count <= (size_t)name)
		vec_push(&plume->small_txns, 0);
	return &plume->small_txns.items[name];
}

static uint32_t
txn_number(struct plume *plume, uint32_t session, val txn)
{
	uint32_t *place = txn_place(plume, val_number(plume->values, txn));
	if (place != NULL && *place != 0)
		return *place - 1;
	const uint64_t *known = map_find(&plume->txns, txn);
	if (known != NULL)
		return (uint32_t)*known;
	uint32_t number = sessions_begin(&plume->sessions, session);
	if (place != NULL)
		*place = number + 1;
	else
		*map_at(&plume->txns, txn, NULL) = number;
	return number;
}

/* The transaction of a line that began at `from`. */
static bool
find_txn(struct scan *scan, struct plume *plume, val session, val txn, const char *from,
	 uint32_t *found)
{
	int64_t number = val_number(scan->values, session);

	if (number < 0 || number >= UINT32_MAX)
		return scan_fail(scan, from, "session %lld is out of range",
				 (long long)number);
	if (val_number(scan->values, txn) == -1) {
		*found = sessions_begin(&plume->sessions, (uint32_t)number);
		vec_last(&plume->sessions.txns)->is_aborted = true;
		return true;
	}
	*found = txn_number(plume, (uint32_t)number, txn);
	return plume->sessions.txns.items[*found].session == number ||
	       scan_fail(scan, from, "transaction %lld is in two sessions",
			 (long long)val_number(scan->values, txn));
}

static bool
read_line(struct reading *reading, struct plume *plume)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	struct session_mop mop = {0};
	val session, txn;

	if (*scan->at != 'r' && *scan->at != 'w')
		return scan_fail(scan, from, "expected r(...) or w(...)");
	mop.is_write = *scan->at++ == 'w';
	return scan_expect(scan, '(', "'('") &&
	       sessions_number(scan, "a key", &mop.key) &&
	       scan_expect(scan, ',', "','") &&
	       sessions_number(scan, "a value", &mop.value) &&
	       scan_expect(scan, ',', "','") &&
	       sessions_number(scan, "a session", &session) &&
	       scan_expect(scan, ',', "','") &&
	       sessions_number(scan, "a transaction", &txn) &&
	       scan_expect(scan, ')', "')'") &&
	       find_txn(scan, plume, session, txn, from, &mop.txn) &&
	       reading_add_mop(reading, &plume->sessions, &mop, from);
}

static bool
read_plume(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct plume plume = {.values = scan->values};
	bool ok = true;

	reading_sessions_init(reading, &plume.sessions);
	plume.sessions.missing = val_small(0);
	while (ok && (ok = scan_space(scan)) && scan->at < scan->end)
		ok = read_line(reading, &plume);
	map_release(&plume.txns);
	vec_release(&plume.small_txns);
	return reading_sessions_finish(reading, &plume.sessions, ok);
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
