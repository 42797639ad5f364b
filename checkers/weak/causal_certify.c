#include "checkers/weak/causal_certify.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct causes {
	enum weak_model model;
	const struct weak *weak;
	const uint32_t *ids, *place;
	uint32_t *write_before; /* owned, by place: the place of the write of the same key
				   before it; NONE */
	uint32_t *met;		/* owned, by id: the number of the search that met it */
	uint32_t search;
	VEC(uint32_t) open;
	VEC(uint32_t) newer; /* met by the search: writes behind the source */
};

static void
link_writes(struct causes *causes)
{
	const struct weak *weak = causes->weak;
	uint32_t *last = mem_new((size_t)weak->key_count + 1, sizeof(*last));

	memset(last, 0xff, weak->key_count * sizeof(*last));
	for (uint32_t i = 0; i < weak->count; i++) {
		uint32_t v = causes->ids[i];
		causes->write_before[i] = last[weak->key[v]];
		if (weak_is_write(weak, v))
			last[weak->key[v]] = i;
	}
	free(last);
}

/* Goes back from all that is open, to nothing that stands before `floor`. */
static void
search_back(struct causes *causes, uint32_t floor)
{
	const struct weak *weak = causes->weak;

	causes->search++;
	while (causes->open.count > 0) {
		uint32_t v = vec_pop(&causes->open);
		if (causes->met[v] == causes->search || causes->place[v] < floor)
			continue;
		causes->met[v] = causes->search;
		if (weak->source[v] != WEAK_INITIAL && weak->source[v] != v)
			vec_push(&causes->open, weak->source[v]);
		if (v != weak->start[weak->session[v]])
			vec_push(&causes->open, v - 1);
	}
}

/* Writes of the key in the causal past of the read that stand at `floor` or behind. */
static void
find_newer(struct causes *causes, uint32_t read, uint32_t floor)
{
	uint32_t first = causes->write_before[causes->place[read]];

	vec_clear(&causes->newer);
	if (first == NONE || first < floor)
		return;
	vec_push(&causes->open, read);
	search_back(causes, floor);
	for (uint32_t i = first; i != NONE && i >= floor; i = causes->write_before[i])
		if (causes->met[causes->ids[i]] == causes->search)
			vec_push(&causes->newer, causes->ids[i]);
}

static bool
is_read_right(struct causes *causes, uint32_t read)
{
	uint32_t source = causes->weak->source[read];
	uint32_t floor = source == WEAK_INITIAL ? 0 : causes->place[source] + 1;

	find_newer(causes, read, floor);
	if (causes->newer.count == 0)
		return true;
	if (source == WEAK_INITIAL || causes->model == WEAK_CCV)
		return false;
	vec_each (uint32_t, write, &causes->newer)
		vec_push(&causes->open, *write);
	search_back(causes, floor - 1);
	return causes->met[source] != causes->search;
}

bool
causal_certify_reads(enum weak_model model, const struct weak *weak, const uint32_t *ids,
		     const uint32_t *place, struct err *err)
{
	struct causes causes = {.model = model, .weak = weak, .ids = ids, .place = place};
	bool ok = true;

	causes.write_before = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	causes.met = mem_new((size_t)weak->count + 1, sizeof(uint32_t));
	link_writes(&causes);
	for (uint32_t v = 0; v < weak->count && ok; v++)
		if (!weak_is_write(weak, v) && !is_read_right(&causes, v))
			ok = err_set(err, "read %u returns what was replaced",
				     weak->op[v]);
	free(causes.write_before);
	free(causes.met);
	vec_release(&causes.open);
	vec_release(&causes.newer);
	return ok;
}
