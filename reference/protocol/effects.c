#include "reference/protocol/protocol.h"

#include <stdlib.h>

bool
effects_persist(const struct protocol_effects *effects)
{
	return effects->hard_state_changed || effects->snapshot_installed ||
	       effects->truncate_from != 0 || effects->append.count > 0;
}

bool
effects_any(const struct protocol_effects *effects)
{
	return effects_persist(effects) || effects->messages.count > 0 ||
	       effects->apply.count > 0 || effects->answers.count > 0;
}

static void
free_retired(struct protocol_effects *effects)
{
	vec_each (void *, memory, &effects->retired)
		free(*memory);
	vec_clear(&effects->retired);
}

void
effects_clear(struct protocol_effects *effects)
{
	effects->hard_state_changed = false;
	effects->truncate_from = 0;
	effects->snapshot_installed = false;
	effects->snapshot = (struct bytes){0};
	vec_clear(&effects->append);
	vec_clear(&effects->messages);
	vec_clear(&effects->apply);
	vec_clear(&effects->answers);
	buf_clear(&effects->memory);
	free_retired(effects);
}

void
effects_release(struct protocol_effects *effects)
{
	effects_clear(effects);
	vec_release(&effects->append);
	vec_release(&effects->messages);
	vec_release(&effects->apply);
	vec_release(&effects->answers);
	vec_release(&effects->retired);
	buf_release(&effects->memory);
}
