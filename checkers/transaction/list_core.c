#include "checkers/transaction/list_core.h"

#include "checkers/transaction/steps.h"

enum {
	CYCLES_SHOWN = 12,
	REASONS_SHOWN = 24
};

struct printer {
	const struct dependencies *d;
	const uint32_t *txns;
	const struct anomaly *core;
	struct map told; /* steps that were told: from, to */
	struct buf *text;
};

/* A step of the proof: its literals, hints and transactions. */
struct step {
	const uint32_t *literals, *txns, *end;
	uint32_t literal_count, hint_count, txn_count;
};

static struct step
step_at(const uint32_t *words)
{
	struct step step = {.literals = words + 3,
			    .literal_count = words[0],
			    .hint_count = words[1],
			    .txn_count = words[2]};

	step.txns = step.literals + step.literal_count + step.hint_count;
	step.end = step.txns + step.txn_count;
	return step;
}

/* The first of the steps; NULL when there is no proof. */
static const uint32_t *
steps_begin(const struct anomaly *core)
{
	const uint32_t *words = core->proof.items;

	return core->proof.count == 0 ? NULL : words + 1 + 2 * (size_t)words[0];
}

/* `if T3 < T5: T5 < T8 < T3 < T5` */
static void
print_cycle(struct printer *p, const struct step *step)
{
	const uint32_t *ops = p->core->ops.items, *choices = p->core->proof.items + 1;

	for (uint32_t i = 0; i < step->literal_count; i++) {
		uint32_t literal = step->literals[i] ^ 1;
		const uint32_t *pair = &choices[literal / 2 * 2];
		buf_printf(p->text, "%sT%u < T%u", i == 0 ? "if " : " and ",
			   ops[pair[literal % 2]], ops[pair[1 - literal % 2]]);
	}
	if (step->literal_count > 0 || step->hint_count > 0)
		buf_string(p->text, step->literal_count > 0 ? ": " : "else: ");
	for (uint32_t i = 0; i <= step->txn_count; i++)
		buf_printf(p->text, "%sT%u", i > 0 ? " < " : "",
			   ops[step->txns[i % step->txn_count]]);
	buf_char(p->text, '\n');
}

/* What the two transactions show, if it is not what is supposed. */
static void
print_reason(struct printer *p, uint32_t from, uint32_t to)
{
	const struct dependencies *d = p->d;
	unsigned kinds = graph_kinds(&d->graph, from, to);
	struct anomaly_step step;
	bool is_new = true;

	map_at(&p->told, (uint64_t)from << 32 | to, &is_new);
	if (!is_new)
		return;
	kinds |= d->end[from] < d->begin[to] ? EDGE_REALTIME : 0;
	for (unsigned kind = 1; kind <= EDGE_REALTIME; kind <<= 1)
		if ((kinds & kind) != 0 &&
		    steps_find_one(d, from, to, (enum edge_kind)kind, &step)) {
			step_print(d->txns.history, &step, p->text);
			buf_char(p->text, '\n');
			return;
		}
}

static void
print_reasons(struct printer *p, const struct step *step)
{
	for (uint32_t i = 0; i < step->txn_count && p->told.count < REASONS_SHOWN; i++)
		print_reason(p, p->txns[step->txns[i]],
			     p->txns[step->txns[(i + 1) % step->txn_count]]);
}

static void
print_steps(struct printer *p, void (*print)(struct printer *p, const struct step *step))
{
	const uint32_t *words = steps_begin(p->core);
	const uint32_t *end = p->core->proof.items + p->core->proof.count;

	for (int shown = 0; words != NULL && words < end && shown < CYCLES_SHOWN;) {
		struct step step = step_at(words);
		if (step.txn_count > 0)
			print(p, &step);
		shown += step.txn_count > 0;
		words = step.end;
	}
}

void
list_core_print(const struct dependencies *d, const uint32_t *txns,
		const struct anomaly *core, struct buf *text)
{
	struct printer p = {.d = d, .txns = txns, .core = core, .text = text};

	if (core->proof.count > 0 && core->proof.items[0] > 0)
		buf_string(text, "nobody read in which order they all appended:\n");
	print_steps(&p, print_cycle);
	print_steps(&p, print_reasons);
	map_release(&p.told);
}
