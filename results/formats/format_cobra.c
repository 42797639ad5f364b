/* Cobra's logs: one binary file a session, `NAME.log`, all of a history in one folder.
 *
 *	S txn			a transaction begins
 *	W write key value	it writes: the write's id, the hashes of key and value
 *	R txn write key value	it reads what that transaction's write left
 *	C txn			it commits
 *	A txn			it aborts
 *
 * 	N			(ours, where the reader joins files) the next session begins
 *
 * Each letter is one byte, everything else 8 bytes, big-endian. What identifies a value is
 * the id of its write; 0, 0xbebeebee and 0xdeadbeef stand for "never written". */
#include "results/formats/sessions_reading.h"

enum {
	FIELDS_MAX = 4
};

#define ABSENT_NULL INT64_C(0xdeadbeef)
#define ABSENT_INIT INT64_C(0xbebeebee)

static int
field_count(char letter)
{
	switch (letter) {
	case 'S':
	case 'C':
	case 'A':
		return 1;
	case 'W':
		return 3;
	case 'R':
		return 4;
	default:
		return 0;
	}
}

struct cobra {
	struct sessions sessions;
	const char *start; /* of the session's log */
	uint32_t session, txn;
	bool is_open;
	int64_t id; /* of the open transaction, as the log names it */
};

static bool
fail_at(struct reading *reading, const struct cobra *cobra, const char *at,
	const char *problem)
{
	return scan_fail(&reading->scan, at, "session %u, byte %zu: %s", cobra->session,
			 (size_t)(at - cobra->start), problem);
}

static bool
read_fields(struct reading *reading, const struct cobra *cobra, int count,
	    int64_t *fields)
{
	struct scan *scan = &reading->scan;

	if (scan->end - scan->at < 8 * count)
		return fail_at(reading, cobra, scan->at, "the log ends within an entry");
	for (int i = 0; i < count; i++) {
		uint64_t word = 0;
		for (int byte = 0; byte < 8; byte++)
			word = word << 8 | (unsigned char)*scan->at++;
		fields[i] = (int64_t)word;
	}
	return true;
}

static bool
begin(struct reading *reading, struct cobra *cobra, int64_t id, const char *from)
{
	if (cobra->is_open)
		return fail_at(reading, cobra, from,
			       "a transaction begins within another");
	cobra->is_open = true;
	cobra->id = id;
	cobra->txn = sessions_begin(&cobra->sessions, cobra->session);
	return true;
}

static bool
add_mop(struct reading *reading, struct cobra *cobra, bool is_write,
	const int64_t *fields, const char *from)
{
	struct values *values = reading->scan.values;
	bool is_absent = !is_write && (fields[0] == 0 || fields[0] == ABSENT_NULL ||
				       fields[0] == ABSENT_INIT);
	struct session_mop mop = {.txn = cobra->txn,
				  .is_write = is_write,
				  .key = val_int(values, fields[1])};

	mop.value = is_absent ? VAL_OF_NIL : val_int(values, fields[0]);
	return reading_add_mop(reading, &cobra->sessions, &mop, from);
}

/* A transaction that is open when its session ends: nobody knows whether it committed. */
static void
end_session(struct cobra *cobra)
{
	if (cobra->is_open)
		cobra->sessions.txns.items[cobra->txn].is_unknown = true;
	cobra->is_open = false;
	cobra->session++;
}

static bool
read_entry(struct reading *reading, struct cobra *cobra)
{
	struct scan *scan = &reading->scan;
	const char *from = scan->at;
	char letter = *scan->at++;
	int count = field_count(letter);
	int64_t fields[FIELDS_MAX];

	if (letter == 'N') {
		if (from > scan->start)
			end_session(cobra);
		cobra->start = scan->at;
		return true;
	}
	if (count == 0)
		return fail_at(reading, cobra, from, "expected an entry S, W, R, C or A");
	if (!read_fields(reading, cobra, count, fields))
		return false;
	if (letter == 'S')
		return begin(reading, cobra, fields[0], from);
	if (!cobra->is_open)
		return fail_at(reading, cobra, from, "no transaction is open");
	if (letter == 'W' || letter == 'R')
		return add_mop(reading, cobra, letter == 'W', fields + (letter == 'R'),
			       from);
	if (fields[0] != cobra->id)
		return fail_at(reading, cobra, from, "another transaction is open");
	cobra->is_open = false;
	cobra->sessions.txns.items[cobra->txn].is_aborted = letter == 'A';
	return true;
}

static bool
read_cobra(struct reading *reading)
{
	struct scan *scan = &reading->scan;
	struct cobra cobra = {.start = scan->at};
	bool ok = true;

	reading_sessions_init(reading, &cobra.sessions);
	while (ok && scan->at < scan->end)
		ok = read_entry(reading, &cobra);
	end_session(&cobra);
	return reading_sessions_finish(reading, &cobra.sessions, ok);
}

static int
sniff(struct bytes head)
{
	if (head.len > 0 && head.data[0] == 'N')
		head = (struct bytes){.data = head.data + 1, .len = head.len - 1};
	if (head.len < 18 || head.data[0] != 'S')
		return 0;
	return field_count(head.data[9]) > 0 && head.data[9] != 'S' ? 85 : 0;
}

const struct format format_cobra = {
	.name = "cobra",
	.summary =
		"Cobra's logs of transactions, one binary file a session, in one folder",
	.sniff = sniff,
	.read = read_cobra,
};
