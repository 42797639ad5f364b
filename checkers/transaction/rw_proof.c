#include "checkers/transaction/rw_proof.h"

#include "checkers/transaction/rw_prover.h"

#include <stdlib.h>
#include <string.h>

enum {
	TRIED_FIRST = 64, /* choices of which a side is looked for that fails at once */
	LINES_MAX = 40
};

/* ---- what follows ---------------------------------------------------------------------
 */

static struct fact
fact_of(const struct rule *rule, uint32_t number, int side, enum fact_source source)
{
	bool overwrites = rule->sides[side].kind == EDGE_WW;
	bool reversed = rule->reader == NO_RULE && side == 1;

	return (struct fact){
		.from = rule->sides[side].from,
		.to = rule->sides[side].to,
		.kind = rule->sides[side].kind,
		.source = source,
		.rule = number,
		.kinds = rule->sides[side].kind,
		.key = rule->key,
		.first = overwrites && !reversed ? rule->other_value : rule->value,
		.second = overwrites && !reversed ? rule->value : rule->other_value};
}

static unsigned
kinds_of_way(const struct prover *p)
{
	unsigned kinds = 0;

	vec_each (const uint32_t, f, &p->way)
		kinds |= p->facts.items[*f].kind;
	return kinds;
}

/* The fact that one side of a rule must be, since the other closes a cycle. */
static struct fact
derive(struct prover *p, uint32_t number, int side)
{
	const struct rule *rule = &p->rules.items[number];
	const struct side *refuted = &rule->sides[1 - side];
	struct fact fact = fact_of(rule, number, side, FACT_DERIVED);

	prover_find_way(p, prover_way_from(p, refuted->to), refuted->from);
	fact.class = prover_class_of(p, refuted->kind);
	fact.kinds |= kinds_of_way(p);
	fact.first_reason = (uint32_t)p->reasons.count;
	fact.reason_count = (uint32_t)p->way.count;
	vec_each (const uint32_t, f, &p->way)
		vec_push(&p->reasons, *f);
	return fact;
}

static bool
closes_cycle(const struct prover *p, uint32_t from, uint32_t to)
{
	return prover_reaches(p, prover_way_from(p, to), from);
}

static bool
is_refuted(const struct prover *p, const struct rule *rule, int side)
{
	return closes_cycle(p, rule->sides[side].from, rule->sides[side].to);
}

/* The side says nothing that is not known. */
static bool
is_implied(const struct prover *p, const struct side *side)
{
	uint32_t from = p->claim->parallel ? side->from % p->count : side->from;

	return from != side->to && prover_reaches(p, from, side->to);
}

static bool
is_settled(const struct prover *p, const struct rule *rule)
{
	return is_implied(p, &rule->sides[0]) || is_implied(p, &rule->sides[1]);
}

static bool
close_cycle(struct prover *p, const struct fact *closing)
{
	p->closing = *closing;
	prover_find_way(p, prover_way_from(p, closing->to), closing->from);
	prover_tell_cycle(p, closing);
	return true;
}

/* Adds what follows until nothing does; true when a cycle is closed, which is told. */
static bool
saturate(struct prover *p)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (uint32_t r = 0; r < p->rules.count; r++) {
			const struct rule *rule = &p->rules.items[r];
			bool first = is_refuted(p, rule, 0),
			     second = is_refuted(p, rule, 1);
			if (!(first && second) && is_settled(p, rule))
				continue;
			if (!first && !second)
				continue;
			struct fact fact = derive(p, r, first ? 1 : 0);
			if (first && second)
				return close_cycle(p, &fact);
			prover_add(p, &fact);
			changed = true;
		}
	}
	return false;
}

/* ---- trying sides ---------------------------------------------------------------------
 */

/* What is put back when a side has been tried. */
struct saved {
	size_t facts, reasons, scope;
	uint64_t *reach;
	struct buf text;
	VEC(uint32_t) used;
	enum cycle_class class;
	unsigned kinds;
};

static void
save(struct prover *p, struct saved *saved)
{
	size_t bytes = (size_t)p->nodes * p->words * sizeof(*p->reach);

	*saved = (struct saved){.facts = p->facts.count,
				.reasons = p->reasons.count,
				.scope = p->scope,
				.text = p->text,
				.class = p->class,
				.kinds = p->kinds};
	memcpy(&saved->used, &p->used, sizeof(p->used));
	saved->reach = mem_new((size_t)p->nodes * p->words, sizeof(*p->reach));
	memcpy(saved->reach, p->reach, bytes);
	p->scope = p->facts.count;
	p->text = (struct buf){0};
	memset(&p->used, 0, sizeof(p->used));
	p->class = CLASS_NONE;
	p->kinds = 0;
	p->depth++;
}

static void
put_back(struct prover *p, struct saved *saved)
{
	while (p->facts.count > saved->facts) {
		struct fact *last = vec_last(&p->facts);
		p->first_out[last->from] = last->next_out;
		free(last->text);
		p->facts.count--;
	}
	p->reasons.count = saved->reasons;
	free(p->reach);
	p->reach = saved->reach;
	buf_release(&p->text);
	vec_release(&p->used);
	p->scope = saved->scope;
	p->text = saved->text;
	memcpy(&p->used, &saved->used, sizeof(p->used));
	p->class = saved->class;
	p->kinds = saved->kinds;
	p->depth--;
}

static bool prove(struct prover *p);

/* Tries a side of a rule. When it ends in cycles the other side is a fact from then on. */
static bool
try_side(struct prover *p, uint32_t number, int side, bool deeply)
{
	struct fact lemma =
		fact_of(&p->rules.items[number], number, 1 - side, FACT_LEMMA);
	struct fact supposed =
		fact_of(&p->rules.items[number], number, side, FACT_SUPPOSED);
	struct saved saved;
	VEC(uint32_t) used = {0};

	p->sides_tried++;
	save(p, &saved);
	prover_tell_supposed(p, &supposed);
	prover_add(p, &supposed);
	bool fails = deeply ? prove(p) : saturate(p);
	if (fails) {
		lemma.text = mem_string(buf_text(&p->text));
		lemma.class = p->class;
		lemma.kinds |= p->kinds;
		vec_each (const uint32_t, f, &p->used)
			if (*f < saved.facts)
				vec_push(&used, *f);
	}
	put_back(p, &saved);
	if (fails) {
		lemma.first_reason = (uint32_t)p->reasons.count;
		lemma.reason_count = (uint32_t)used.count;
		vec_each (const uint32_t, f, &used)
			vec_push(&p->reasons, *f);
		prover_add(p, &lemma);
	}
	vec_release(&used);
	return fails;
}

/* Tries sides that may fail at once; true when one did. */
static bool
try_quickly(struct prover *p)
{
	int tried = 0;

	for (uint32_t r = 0; r < p->rules.count && tried < TRIED_FIRST; r++) {
		if (is_settled(p, &p->rules.items[r]))
			continue;
		tried++;
		for (int side = 0; side < 2; side++)
			if (try_side(p, r, side, false))
				return true;
	}
	return false;
}

static bool
try_first_choice(struct prover *p)
{
	for (uint32_t r = 0; r < p->rules.count; r++)
		if (!is_settled(p, &p->rules.items[r]))
			return try_side(p, r, 0, true);
	return false;
}

/* True when there is a cycle whatever is chosen; it is told. Every round settles a choice;
 * recursion goes as deep as there are choices, at most PROOF_SIDES_MAX. */
static bool
prove(struct prover *p)
{
	for (;;) {
		if (saturate(p))
			return true;
		if (p->sides_tried >= PROOF_SIDES_MAX)
			return false;
		if (!try_quickly(p) && !try_first_choice(p))
			return false;
	}
}

/* ---- the whole ------------------------------------------------------------------------
 */

/* What is given may close a cycle by itself: the shortest is told. */
static const struct fact *
find_given_cycle(struct prover *p)
{
	const struct fact *best = NULL;
	size_t length = SIZE_MAX;

	vec_each (const struct fact, fact, &p->facts) {
		if (!closes_cycle(p, fact->from, fact->to) ||
		    (p->claim->parallel && fact->kind == EDGE_INNER))
			continue;
		prover_find_way(p, prover_way_from(p, fact->to), fact->from);
		if (p->way.count >= length)
			continue;
		length = p->way.count;
		best = fact;
	}
	return best;
}

static bool
prove_all(struct prover *p)
{
	if (!prover_collect(p))
		return false;
	const struct fact *closing = find_given_cycle(p);
	return closing != NULL ? close_cycle(p, closing) : prove(p);
}

/* wr, rw, wr, rw: two readers see two writes in opposite orders. */
static bool
is_long_fork(const struct prover *p)
{
	VEC(uint8_t) kinds = {0};

	vec_push(&kinds, p->closing.kind);
	vec_each (const uint32_t, f, &p->way)
		if (p->facts.items[*f].kind != EDGE_INNER)
			vec_push(&kinds, p->facts.items[*f].kind);
	bool is = kinds.count == 4;
	for (size_t i = 0; i < kinds.count && is; i++)
		is = kinds.items[i] == (i % 2 == 0 ? kinds.items[0] : kinds.items[1]) &&
		     (kinds.items[i] == EDGE_WR || kinds.items[i] == EDGE_RW);
	is = is && kinds.items[0] != kinds.items[1];
	vec_release(&kinds);
	return is;
}

static const char *
class_name(enum cycle_class class, unsigned kinds)
{
	static const char *const names[][3] = {
		{"G0", "G0-process", "G0-realtime"},
		{"G1c", "G1c-process", "G1c-realtime"},
		{"G-single", "G-single-process", "G-single-realtime"},
		{"G-nonadjacent", "G-nonadjacent-process", "G-nonadjacent-realtime"},
		{"G2-item", "G2-item-process", "G2-item-realtime"},
	};

	return names[class - CLASS_G0][(kinds & EDGE_REALTIME)	? 2
				       : (kinds & EDGE_PROCESS) ? 1
								: 0];
}

/* What was given has numbers instead of values: by which lemma, by how many steps. */
static void
mark_given(const struct prover *p, const struct fact *fact, struct anomaly_step *step)
{
	if (fact->given == 0)
		return;
	step->kind = EDGE_GIVEN;
	step->key = VAL_OF_NIL;
	step->first = val_small(p->given[fact->given - 1].lemma);
	step->second = val_small(p->given[fact->given - 1].length);
}

/* What closes the cycle may be among the facts already. */
static void
keep_step(const struct prover *p, const struct fact *fact, struct proof *proof)
{
	struct anomaly_step step = {.from = prover_op(p, fact->from),
				    .to = prover_op(p, fact->to),
				    .witness = UINT32_MAX,
				    .kind = fact->kind,
				    .is_implied = fact->source != FACT_GIVEN,
				    .key = fact->key,
				    .first = fact->first,
				    .second = fact->second};
	bool is_kept = fact->kind == EDGE_INNER;

	mark_given(p, fact, &step);
	vec_each (const struct anomaly_step, kept, &proof->steps)
		is_kept |= kept->from == step.from && kept->to == step.to &&
			   kept->kind == step.kind;
	if (!is_kept)
		vec_push(&proof->steps, step);
}

/* Long proofs are cut before their last line, the cycle. */
static void
print_lines(const struct buf *text, struct buf *out)
{
	size_t lines = 0, shown = 0, last = 0;

	for (size_t i = 0; i < text->len; i++) {
		lines += text->data[i] == '\n';
		shown = text->data[i] == '\n' && lines == LINES_MAX ? i + 1 : shown;
		last = text->data[i] == '\n' && i + 1 < text->len ? i + 1 : last;
	}
	if (lines <= LINES_MAX + 1) {
		buf_append(out, text->data, text->len);
		return;
	}
	buf_append(out, text->data, shown);
	buf_printf(out, "... %zu lines more ...\n", lines - LINES_MAX - 1);
	buf_append(out, text->data + last, text->len - last);
}

static void
take_proof(struct prover *p, struct proof *proof)
{
	const struct fact *closing = &p->closing;
	struct buf text = {0};

	proof->holds = true;
	proof->is_plain = closing->source == FACT_GIVEN;
	vec_each (const uint32_t, f, &p->used)
		proof->is_plain &= p->facts.items[*f].source == FACT_GIVEN;
	proof->anomaly = p->class == CLASS_G_NONADJACENT && is_long_fork(p) &&
					 !(p->kinds & (EDGE_PROCESS | EDGE_REALTIME))
				 ? "long-fork"
				 : class_name(p->class, p->kinds);
	print_lines(&p->text, &text);
	proof->text = text.data;
	vec_each (const uint32_t, f, &p->used)
		keep_step(p, &p->facts.items[*f], proof);
	keep_step(p, closing, proof);
}

void
proof_find(const struct history *history, const uint32_t *ops, size_t count,
	   const struct rw_claim *claim, struct proof *proof)
{
	proof_find_given(history, ops, count, NULL, 0, claim, proof);
}

void
proof_find_given(const struct history *history, const uint32_t *ops, size_t count,
		 const struct proof_given *given, size_t given_count,
		 const struct rw_claim *claim, struct proof *proof)
{
	struct prover p = {.history = history,
			   .claim = claim,
			   .ops = ops,
			   .given = given,
			   .given_count = given_count};

	*proof = (struct proof){0};
	if (count == 0 || count > PROOF_TXNS_MAX)
		return;
	p.count = (uint32_t)count;
	p.nodes = p.count * (prover_has_two(&p) ? 2 : 1);
	p.words = (p.nodes + 63) / 64;
	p.reach = mem_new((size_t)p.nodes * p.words, sizeof(*p.reach));
	p.first_out = mem_new(p.nodes, sizeof(*p.first_out));
	p.came_by = mem_new(p.nodes, sizeof(*p.came_by));
	p.queue = mem_new(p.nodes + 1, sizeof(*p.queue));
	if (prove_all(&p))
		take_proof(&p, proof);
	vec_each (struct fact, fact, &p.facts)
		free(fact->text);
	free(p.reach);
	free(p.first_out);
	free(p.came_by);
	free(p.queue);
	vec_release(&p.facts);
	vec_release(&p.reasons);
	vec_release(&p.rules);
	vec_release(&p.way);
	vec_release(&p.used);
	buf_release(&p.text);
}

void
proof_release(struct proof *proof)
{
	free(proof->text);
	vec_release(&proof->steps);
}
