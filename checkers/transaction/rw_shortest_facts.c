/* rw_shortest_facts.c - steps that reads, processes and time show, and the rules. */
#include "base/search.h"
#include "checkers/transaction/rw_shortest_parts.h"

#include "checkers/sort.h"

struct facts {
	struct shortest *s;
	struct map places;    /* transaction -> place + 1 */
	VEC(uint64_t) writes; /* key, place; sorted */
};

#define each_listed_access(access, s, place)                                             \
	for (const struct rw_access *access =                                            \
		     (s)->v->accesses.items + (s)->v->starts[(s)->txns[place]];          \
	     access < (s)->v->accesses.items + (s)->v->starts[(s)->txns[place] + 1];     \
	     access++)

static void
give(struct shortest *s, uint32_t from, uint32_t to, uint8_t cost)
{
	shortest_add(
		s, &(struct way_step){
			   .from = from, .to = to, .refuted = STEP_GIVEN, .cost = cost});
}

static void
add_rule(struct shortest *s, const struct way_rule *rule)
{
	uint32_t refutation = 2 * (uint32_t)s->rules.count;

	vec_push(&s->rules, *rule);
	for (int side = 0; side < 2; side++) {
		const struct arc *arc = &rule->sides[side];
		uint32_t *first = &s->awaited[shortest_pair(s, arc->to, arc->from)];
		vec_push(&s->next_awaited, *first);
		*first = refutation + (uint32_t)side + 1;
	}
}

/* ---- reads and writes ----------------------------------------------------------------- */

static size_t
first_write(const struct facts *f, uint32_t key)
{
	size_t at;

	search_first(at, 0, f->writes.count, f->writes.items[at] < (uint64_t)key << 32);
	return at;
}

/* The reader could see the other's write, and read what `writer` wrote, or the first version:
 * then writer is the reader itself. */
static void
add_missed(struct shortest *s, uint32_t reader, uint32_t writer, uint32_t other)
{
	struct arc missed = {shortest_begin(s, reader), shortest_commit(s, other)};

	if (other == writer || other == reader)
		return;
	if (writer == reader)
		give(s, missed.from, missed.to, 1);
	else
		add_rule(s, &(struct way_rule){{{shortest_commit(s, other),
						 shortest_begin(s, writer)},
						missed},
					       {reader, writer, other}});
}

static void
add_read(struct facts *f, uint32_t reader, const struct rw_access *access)
{
	struct shortest *s = f->s;
	uint32_t author = s->v->of.items[access->read].writer, writer = reader;

	if (author != TXN_NONE) {
		const uint64_t *place = map_find(&f->places, author);
		if (place == NULL)
			return;
		writer = (uint32_t)*place - 1;
		give(s, shortest_commit(s, writer), shortest_begin(s, reader), 1);
	}
	for (size_t i = first_write(f, access->key);
	     i < f->writes.count && f->writes.items[i] >> 32 == access->key; i++)
		add_missed(s, reader, writer, (uint32_t)f->writes.items[i]);
}

/* Under snapshot isolation two writers of one key do not overlap. */
static void
add_writers(struct facts *f)
{
	struct shortest *s = f->s;

	for (size_t i = 0; i < f->writes.count; i++)
		for (size_t j = i; j-- > 0;) {
			uint32_t a = (uint32_t)f->writes.items[j];
			uint32_t c = (uint32_t)f->writes.items[i];
			if (f->writes.items[j] >> 32 != f->writes.items[i] >> 32)
				break;
			add_rule(s,
				 &(struct way_rule){
					 {{shortest_commit(s, a), shortest_begin(s, c)},
					  {shortest_commit(s, c), shortest_begin(s, a)}},
					 {a, c, c}});
		}
}

/* ---- processes and time --------------------------------------------------------------- */

static bool
is_earlier(const struct shortest *s, uint32_t a, uint32_t b)
{
	const struct dependencies *d = s->d;
	uint32_t x = s->txns[a], y = s->txns[b];

	if (s->question->realtime && d->end[x] < d->begin[y])
		return true;
	return s->question->process && d->begin[x] < d->begin[y] &&
	       txn_op(&d->txns, x)->process == txn_op(&d->txns, y)->process;
}

static void
add_times(struct shortest *s)
{
	for (uint32_t a = 0; a < s->count; a++)
		for (uint32_t b = 0; b < s->count; b++)
			if (is_earlier(s, a, b))
				give(s, shortest_commit(s, a), shortest_begin(s, b), 1);
}

void
shortest_collect(struct shortest *s)
{
	struct facts f = {.s = s};

	for (uint32_t i = 0; i < s->count; i++) {
		*map_at(&f.places, s->txns[i], NULL) = i + 1;
		if (s->question->snapshot)
			give(s, shortest_begin(s, i), shortest_commit(s, i), 0);
		each_listed_access(access, s, i) if (access->written != VERSION_NONE)
			vec_push(&f.writes, (uint64_t)access->key << 32 | i);
	}
	sort_words(f.writes.items, f.writes.count);
	for (uint32_t i = 0; i < s->count; i++)
		each_listed_access(access, s, i) if (access->read != VERSION_NONE)
			add_read(&f, i, access);
	if (s->question->snapshot)
		add_writers(&f);
	if (s->question->process || s->question->realtime)
		add_times(s);
	map_release(&f.places);
	vec_release(&f.writes);
}
