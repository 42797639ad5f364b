#include "checkers/transaction/list_core.h"

#include "checkers/transaction/core_clauses.h"
#include "checkers/transaction/steps.h"

enum {
	CYCLES_SHOWN = 12,
	REASONS_SHOWN = 24
};

struct printer {
	const struct dependencies *d;
	const uint32_t *txns;
	const struct anomaly *core;
	struct core_list choices; /* of its proof: pairs */
	struct map told;	  /* steps that were told: from, to */
	struct buf *text;
};

/* `if T3 < T5: T5 < T8 < T3 < T5` */
static void
print_cycle(struct printer *p, const struct core_step *step)
{
	const uint32_t *ops = p->core->ops.items;

	for (size_t i = 0; i < step->literals.count; i++) {
		uint32_t literal = step->literals.items[i] ^ 1;
		const uint32_t *pair = &p->choices.items[literal / 2 * 2];
		buf_printf(p->text, "%sT%u < T%u", i == 0 ? "if " : " and ",
			   ops[pair[literal % 2]], ops[pair[1 - literal % 2]]);
	}
	if (step->literals.count > 0 || step->hints.count > 0)
		buf_string(p->text, step->literals.count > 0 ? ": " : "else: ");
	for (size_t i = 0; i <= step->txns.count; i++)
		buf_printf(p->text, "%sT%u", i > 0 ? " < " : "",
			   ops[step->txns.items[i % step->txns.count]]);
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
print_reasons(struct printer *p, const struct core_step *step)
{
	const struct core_list *cycle = &step->txns;

	for (size_t i = 0; i < cycle->count && p->told.count < REASONS_SHOWN; i++)
		print_reason(p, p->txns[cycle->items[i]],
			     p->txns[cycle->items[(i + 1) % cycle->count]]);
}

/* Those that are cycles. */
static void
print_steps(struct printer *p, struct core_list words,
	    void (*print)(struct printer *p, const struct core_step *step))
{
	struct core_step step;

	for (int shown = 0; shown < CYCLES_SHOWN && core_proof_take_step(&words, &step);)
		if (step.txns.count > 0) {
			print(p, &step);
			shown++;
		}
}

void
list_core_print(const struct dependencies *d, const uint32_t *txns,
		const struct anomaly *core, struct buf *text)
{
	struct core_list words = {core->proof.items, core->proof.count};
	struct printer p = {.d = d, .txns = txns, .core = core, .text = text};

	if (!core_proof_take_choices(&words, &p.choices))
		return;
	if (p.choices.count > 0)
		buf_string(text, "nobody read in which order they all appended:\n");
	print_steps(&p, words, print_cycle);
	print_steps(&p, words, print_reasons);
	map_release(&p.told);
}
