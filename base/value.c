#include "base/value.h"

#include "base/assert.h"

#include <string.h>

/* The word: kind in the low 3 bits, payload above. Tag 7 marks an integer in the pool. */
enum {
	TAG_BITS = 3,
	TAG_BIG = 7,
	RECENT_MIN = 64,
	RECENT_MAX = 8192, /* 128 KB: stays in the cache of a core */
	WORDS_PER_RECENT = 16
};

/* A list or map made not long ago, at the place of its hash. Stale ones do no harm: what is
 * shared is a run of words in the pool that is what is wanted, whoever put it there. */
struct recent {
	uint64_t hash;
	val made;
};

static val
tagged(unsigned tag, uint64_t payload)
{
	return payload << TAG_BITS | tag;
}

static uint64_t
payload_of(val v)
{
	return v >> TAG_BITS;
}

void
values_init(struct values *values)
{
	*values = (struct values){0};
	intern_init(&values->strings);
}

void
values_release(struct values *values)
{
	vec_release(&values->words);
	free(values->recent);
	values->recent = NULL;
	values->recent_count = 0;
	intern_release(&values->strings);
}

void
values_clear(struct values *values)
{
	vec_clear(&values->words);
	intern_clear(&values->strings);
}

size_t
values_bytes(const struct values *values)
{
	return values->words.count * sizeof(uint64_t) +
	       values->recent_count * sizeof(struct recent) +
	       intern_memory(&values->strings);
}

enum val_kind
val_kind(val v)
{
	unsigned tag = v & 7;

	return tag == TAG_BIG ? VAL_INT : (enum val_kind)tag;
}

val
val_bool(bool truth)
{
	return tagged(VAL_BOOL, truth);
}

static bool
fits_in_word(int64_t number)
{
	return number >= -((int64_t)1 << 60) && number < (int64_t)1 << 60;
}

val
val_small(int64_t number)
{
	ASSERT(fits_in_word(number));
	return tagged(VAL_INT, (uint64_t)number);
}

val
val_int(struct values *values, int64_t number)
{
	if (fits_in_word(number))
		return val_small(number);
	vec_push(&values->words, (uint64_t)number);
	return tagged(TAG_BIG, values->words.count - 1);
}

val
val_bytes(struct values *values, const char *data, size_t bytes)
{
	return tagged(VAL_STRING, intern_bytes(&values->strings, data, bytes));
}

val
val_string(struct values *values, const char *text)
{
	return val_bytes(values, text, strlen(text));
}

val
val_real(struct values *values, double number)
{
	uint64_t word;

	memcpy(&word, &number, sizeof(word));
	vec_push(&values->words, word);
	return tagged(VAL_REAL, values->words.count - 1);
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
	return hash ^ (hash >> 29);
}

/* Puts the items behind all others. */
static val
add_sequence(struct values *values, enum val_kind kind, const val *items, size_t count)
{
	size_t start = values->words.count;
	bool is_long = count >= VAL_COUNT_LONG;

	vec_reserve(&values->words, start + is_long + count);
	if (is_long)
		values->words.items[start++] = count;
	memcpy(values->words.items + start, items, count * sizeof(*items));
	values->words.count = start + count;
	return tagged(kind, (uint64_t)start << VAL_COUNT_BITS |
				    (is_long ? VAL_COUNT_LONG : count));
}

/* The table grows with the pool: a small pool has a small one. It starts anew empty. */
static void
grow_recent(struct values *values)
{
	size_t room = values->recent_count ? values->recent_count : RECENT_MIN;

	while (room < RECENT_MAX && room * WORDS_PER_RECENT <= values->words.count)
		room *= 2;
	if (room == values->recent_count)
		return;
	free(values->recent);
	values->recent = mem_new(room, sizeof(*values->recent));
	values->recent_count = room;
}

/* By a few of the items: whether all are equal is looked at afterwards. */
static struct recent *
recent_place(struct values *values, const val *items, size_t count, uint64_t *hash)
{
	if (values->recent_count < RECENT_MAX)
		grow_recent(values);
	*hash = mix(mix(mix(count, items[0]), items[count / 2]), items[count - 1]);
	return &values->recent[*hash & (values->recent_count - 1)];
}

static bool
has_items(const struct values *values, val v, const val *items, size_t count)
{
	size_t there;
	const val *made = val_items(values, v, &there);

	return there == count &&
	       made + count <= values->words.items + values->words.count &&
	       memcmp(made, items, count * sizeof(*items)) == 0;
}

static val
sequence(struct values *values, enum val_kind kind, const val *items, size_t count)
{
	uint64_t hash;

	if (count == 0)
		return kind;
	struct recent *recent = recent_place(values, items, count, &hash);
	if (recent->hash != hash || val_kind(recent->made) != kind ||
	    !has_items(values, recent->made, items, count))
		*recent = (struct recent){hash, add_sequence(values, kind, items, count)};
	return recent->made;
}

val
val_list(struct values *values, const val *items, size_t count)
{
	return sequence(values, VAL_LIST, items, count);
}

val
val_map(struct values *values, const val *keys_and_values, size_t count)
{
	ASSERT(count % 2 == 0);
	return sequence(values, VAL_MAP, keys_and_values, count);
}

val
val_pair(struct values *values, val first, val second)
{
	return val_list(values, (val[]){first, second}, 2);
}

bool
val_truth(val v)
{
	ASSERT(val_kind(v) == VAL_BOOL);
	return payload_of(v) != 0;
}

int64_t
val_number(const struct values *values, val v)
{
	ASSERT(val_kind(v) == VAL_INT);
	if ((v & 7) == TAG_BIG)
		return (int64_t)values->words.items[payload_of(v)];
	return (int64_t)v >> TAG_BITS;
}

double
val_double(const struct values *values, val v)
{
	double number;

	ASSERT(val_kind(v) == VAL_REAL);
	memcpy(&number, &values->words.items[payload_of(v)], sizeof(number));
	return number;
}

struct bytes
val_text(const struct values *values, val v)
{
	ASSERT(val_kind(v) == VAL_STRING);
	return intern_get(&values->strings, (uint32_t)payload_of(v));
}

static bool
is_sequence(val v)
{
	return val_kind(v) == VAL_LIST || val_kind(v) == VAL_MAP;
}

static int
compare_words(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_texts(struct bytes a, struct bytes b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, shorter);

	return order != 0 ? order : compare_words(a.len, b.len);
}

static int
compare_sequences(const struct values *values, val a, val b)
{
	size_t count_a = val_count(values, a), count_b = val_count(values, b);

	for (size_t i = 0; i < count_a && i < count_b; i++) {
		int order =
			val_compare(values, val_at(values, a, i), val_at(values, b, i));
		if (order != 0)
			return order;
	}
	return compare_words(count_a, count_b);
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int
compare_reals(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* Recursion is as deep as the value, which the readers bound. */
int
val_compare(const struct values *values, val a, val b)
{
	if (a == b)
		return 0;
	if (val_kind(a) != val_kind(b))
		return compare_words(val_kind(a), val_kind(b));
	switch (val_kind(a)) {
	case VAL_INT:
		return compare_numbers(val_number(values, a), val_number(values, b));
	case VAL_STRING:
		return compare_texts(val_text(values, a), val_text(values, b));
	case VAL_REAL:
		return compare_reals(val_double(values, a), val_double(values, b));
	case VAL_LIST:
	case VAL_MAP:
		return compare_sequences(values, a, b);
	default:
		return compare_words(a, b);
	}
}

bool
val_equal(const struct values *values, val a, val b)
{
	return a == b || val_compare(values, a, b) == 0;
}

uint64_t
val_hash(const struct values *values, val v)
{
	uint64_t hash = mix(0, val_kind(v));

	if ((v & 7) == TAG_BIG || val_kind(v) == VAL_REAL)
		return mix(hash, values->words.items[payload_of(v)]);
	if (!is_sequence(v))
		return mix(hash, v);
	for (size_t i = 0; i < val_count(values, v); i++)
		hash = mix(hash, val_hash(values, val_at(values, v, i)));
	return hash;
}

static val
copy_sequence(struct values *to, const struct values *from, val v)
{
	size_t count = val_count(from, v);
	VEC(val) items = {0};

	for (size_t i = 0; i < count; i++)
		vec_push(&items, val_copy(to, from, val_at(from, v, i)));
	val copy = sequence(to, val_kind(v), items.items, count);
	vec_release(&items);
	return copy;
}

val
val_copy(struct values *to, const struct values *from, val v)
{
	switch (val_kind(v)) {
	case VAL_INT:
		return val_int(to, val_number(from, v));
	case VAL_STRING: {
		struct bytes text = val_text(from, v);
		return val_bytes(to, text.data, text.len);
	}
	case VAL_REAL:
		return val_real(to, val_double(from, v));
	case VAL_LIST:
	case VAL_MAP:
		return copy_sequence(to, from, v);
	default:
		return v;
	}
}
