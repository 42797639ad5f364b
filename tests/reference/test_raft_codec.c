/* Messages as bytes: what was encoded is decoded, and nothing else gets through. */
#include "base/rng.h"
#include "tests/reference/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A message of the kind with all fields set, entries in an append. */
static struct raft_message
make(enum raft_message_kind kind, struct buf *out)
{
	struct raft_message m = {.kind = kind, .term = 9};

	for (int i = 0; i < RAFT_FIELD_COUNT; i++)
		m.field[i] = (uint64_t)i + 1;
	m.field[RAFT_FIELD_SUCCESS] = 1;
	if (kind == RAFT_SNAPSHOT || kind == RAFT_FORWARD)
		m.data = (struct bytes){"payload", 7};
	size_t start = raft_encode_begin(out, &m);
	for (uint64_t term = 2; kind == RAFT_APPEND && term < 5; term++) {
		struct protocol_entry entry = {
			.term = term, .origin = 3, .tag = term * 10, .data = {"abc", 3}};
		raft_encode_entry(out, &entry);
	}
	raft_encode_end(out, start, &m);
	return m;
}

static void
every_kind_survives_the_way_there_and_back(void **state)
{
	(void)state;
	for (int kind = 1; kind < RAFT_KIND_COUNT; kind++) {
		struct buf bytes = {0}, again = {0};
		struct raft_message m;
		make((enum raft_message_kind)kind, &bytes);
		assert_true(raft_decode(buf_bytes(&bytes), &m));
		assert_int_equal(m.kind, kind);
		assert_int_equal(m.term, 9);
		raft_encode_end(&again, raft_encode_begin(&again, &m), &m);
		assert_int_equal(again.len, bytes.len);
		assert_memory_equal(again.data, bytes.data, bytes.len);
		buf_release(&bytes);
		buf_release(&again);
	}
}

static void
entries_survive_the_way_there_and_back(void **state)
{
	struct protocol_entry entry = {0};
	struct buf bytes = {0};
	struct raft_message m;

	(void)state;
	make(RAFT_APPEND, &bytes);
	assert_true(raft_decode(buf_bytes(&bytes), &m));
	assert_int_equal(m.entry_count, 3);
	for (uint64_t term = 2; term < 5; term++) {
		raft_decode_entry(&m.data, &entry);
		assert_int_equal(entry.term, term);
		assert_int_equal(entry.origin, 3);
		assert_int_equal(entry.tag, term * 10);
		assert_memory_equal(entry.data.data, "abc", 3);
	}
	assert_int_equal(m.data.len, 0);
	buf_release(&bytes);
}

static void
truncated_and_flipped_messages_are_refused(void **state)
{
	(void)state;
	for (int kind = 1; kind < RAFT_KIND_COUNT; kind++) {
		struct buf bytes = {0};
		struct raft_message m;
		make((enum raft_message_kind)kind, &bytes);
		for (size_t length = 0; length < bytes.len; length++)
			assert_false(raft_decode((struct bytes){bytes.data, length}, &m));
		for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
			bytes.data[bit / 8] ^= (char)(1 << bit % 8);
			assert_false(raft_decode(buf_bytes(&bytes), &m));
			bytes.data[bit / 8] ^= (char)(1 << bit % 8);
		}
		assert_true(raft_decode(buf_bytes(&bytes), &m));
		buf_release(&bytes);
	}
}

static void
sign(struct buf *bytes)
{
	if (bytes->len < 4)
		return;
	uint32_t sum = (uint32_t)XXH3_64bits(bytes->data + 4, bytes->len - 4);
	for (int i = 0; i < 4; i++)
		bytes->data[i] = (char)(sum >> 8 * i);
}

static void
mutate(struct rng *rng, struct buf *bytes)
{
	static const uint8_t telling[] = {0, 1, 2, 0x7f, 0x80, 0xff};

	for (uint64_t i = rng_below(rng, 4) + 1; i > 0 && bytes->len > 6; i--)
		bytes->data[4 + rng_below(rng, bytes->len - 4)] =
			rng_chance(rng, 0.5)
				? (char)telling[rng_below(rng, sizeof(telling))]
				: (char)rng_next(rng);
	if (rng_chance(rng, 0.2))
		bytes->len = rng_below(rng, bytes->len + 1);
}

static void
garbage_with_a_right_checksum_breaks_no_replica(void **state)
{
	struct cluster c;
	struct rng rng;
	struct buf bytes = {0};

	(void)state;
	rng_init(&rng, 1);
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	for (int i = 0; i < 60000; i++) {
		buf_clear(&bytes);
		make((enum raft_message_kind)(1 + rng_below(&rng, RAFT_KIND_COUNT - 1)),
		     &bytes);
		mutate(&rng, &bytes);
		sign(&bytes);
		node_id to = (node_id)(1 + rng_below(&rng, 3));
		c.now_ms += rng_below(&rng, 20);
		cluster_step(&c, to,
			     (struct protocol_event){.kind = PROTOCOL_MESSAGE,
						     .from = (node_id)rng_below(&rng, 5),
						     .data = buf_bytes(&bytes)});
		cluster_step(&c, to, (struct protocol_event){.kind = PROTOCOL_TICK});
		cluster_drop_mail(&c);
	}
	buf_release(&bytes);
	cluster_close(&c);
}

/* A message that could be meant for the replica, of numbers near its own. */
static struct raft_message
draw(struct rng *rng, const struct raft *raft)
{
	static const uint64_t odd[] = {0, RAFT_COUNT_MAX, UINT64_MAX, 1u << 31};
	struct raft_message m = {.kind = 1 + rng_below(rng, RAFT_KIND_COUNT - 1),
				 .term = raft->term + rng_below(rng, 50) / 48};

	for (int i = 0; i < RAFT_FIELD_COUNT; i++)
		m.field[i] = rng_chance(rng, 0.05) ? odd[rng_below(rng, 4)]
						   : raft->commit + rng_below(rng, 6);
	m.field[RAFT_FIELD_LOG_TERM] = raft->term - rng_below(rng, 2);
	m.field[RAFT_FIELD_SUCCESS] = rng_below(rng, 2);
	if (rng_chance(rng, 0.3))
		m.field[RAFT_FIELD_OFFSET] = 0;
	if (m.kind == RAFT_FORWARD || m.kind == RAFT_SNAPSHOT)
		m.data = (struct bytes){"some bytes", rng_below(rng, 11)};
	return m;
}

static void
plausible_lies_break_no_replica(void **state)
{
	uint64_t led = 0, installed = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct cluster c;
		struct rng rng;
		rng_init(&rng, seed);
		cluster_open(&c, 3, 0);
		for (int i = 0; i < 400; i++) {
			node_id to = (node_id)(1 + rng_below(&rng, 3));
			struct raft_message m = draw(&rng, cluster_raft(&c, to));
			if (rng_chance(&rng, 0.03))
				cluster_elect(&c, to);
			led += cluster_raft(&c, to)->role == RAFT_LEADER;
			cluster_propose(&c, to, 1000 + (uint64_t)i);
			cluster_forge(&c, to, (node_id)(1 + rng_below(&rng, 3)), &m);
			if (rng_chance(&rng, 0.5))
				cluster_drop_mail(&c);
			cluster_deliver_once(&c);
		}
		installed += c.members[1].installs;
		cluster_close(&c);
	}
	assert_true(led > 1000 && installed > 10);
}

static void
random_bytes_are_refused(void **state)
{
	struct rng rng;
	char bytes[128];
	struct raft_message m;

	(void)state;
	rng_init(&rng, 2);
	for (int i = 0; i < 200000; i++) {
		size_t length = rng_below(&rng, sizeof(bytes));
		for (size_t at = 0; at < length; at++)
			bytes[at] = (char)rng_next(&rng);
		assert_false(raft_decode((struct bytes){bytes, length}, &m));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_survives_the_way_there_and_back),
		cmocka_unit_test(entries_survive_the_way_there_and_back),
		cmocka_unit_test(truncated_and_flipped_messages_are_refused),
		cmocka_unit_test(garbage_with_a_right_checksum_breaks_no_replica),
		cmocka_unit_test(plausible_lies_break_no_replica),
		cmocka_unit_test(random_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
