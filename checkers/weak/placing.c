#include "checkers/weak/placing.h"

enum {
	OPEN = 1, /* waits for those before it */
	PUT
};

void
placing_init(struct placing *placing, const struct weak *weak, bool is_causal)
{
	*placing = (struct placing){
		.weak = weak, .is_causal = is_causal, .session = UINT32_MAX};
	placing->links = mem_new((size_t)weak->count + 1, sizeof(*placing->links));
	placing->state = mem_new((size_t)weak->count + 1, sizeof(*placing->state));
	placing->order = mem_new((size_t)weak->count + 1, sizeof(*placing->order));
}

void
placing_release(struct placing *placing)
{
	free(placing->links);
	free(placing->state);
	free(placing->order);
	vec_release(&placing->all_links);
	vec_release(&placing->waiting);
}

void
placing_link(struct placing *placing, uint32_t before, uint32_t after)
{
	vec_push(&placing->all_links,
		 (struct placing_link){before, after, placing->links[after]});
	placing->links[after] = (uint32_t)placing->all_links.count;
}

/* False when it waits itself. */
static bool
wait_for(struct placing *placing, uint32_t before)
{
	bool stands = placing->state[before] == PUT ||
		      (placing->rank != NULL && placing->rank[before] < placing->from);

	if (!stands)
		vec_push(&placing->waiting, before);
	return stands || placing->state[before] != OPEN;
}

static bool
wait_for_all(struct placing *placing, uint32_t id)
{
	const struct weak *weak = placing->weak;
	uint32_t source = weak->source[id], session = weak->session[id];
	bool has_cause = (placing->is_causal || session == placing->session) &&
			 source != WEAK_INITIAL && source != id;
	bool ok = id == weak->start[session] || wait_for(placing, id - 1);

	ok = ok && (!has_cause || wait_for(placing, source));
	for (uint32_t i = placing->links[id]; i != 0 && ok;
	     i = placing->all_links.items[i - 1].next)
		ok = wait_for(placing, placing->all_links.items[i - 1].before);
	return ok;
}

bool
placing_put(struct placing *placing, uint32_t id)
{
	vec_push(&placing->waiting, id);
	while (placing->waiting.count > 0) {
		uint32_t next = *vec_last(&placing->waiting);
		if (placing->state[next] == 0) {
			placing->state[next] = OPEN;
			if (!wait_for_all(placing, next))
				return false;
			continue;
		}
		if (placing->state[next] == OPEN) {
			placing->state[next] = PUT;
			placing->order[placing->count++] = next;
		}
		placing->waiting.count--;
	}
	return true;
}

void
placing_clear(struct placing *placing)
{
	for (uint32_t i = 0; i < placing->count; i++)
		placing->state[placing->order[i]] = 0;
	vec_each (uint32_t, id, &placing->waiting)
		placing->state[*id] = 0;
	vec_each (struct placing_link, link, &placing->all_links)
		placing->links[link->after] = 0;
	vec_clear(&placing->waiting);
	vec_clear(&placing->all_links);
	placing->count = 0;
}
