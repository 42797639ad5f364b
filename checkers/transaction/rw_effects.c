#include "checkers/transaction/rw_effects.h"

#include "checkers/transaction/predicate.h"

static struct effect *
effect_on(const struct values *values, struct effects *effects, val key, bool *is_new)
{
	vec_each (struct effect, effect, &effects->of)
		if (val_equal(values, effect->key, key)) {
			*is_new = false;
			return effect;
		}
	*is_new = true;
	vec_push(&effects->of, (struct effect){.key = key});
	return vec_last(&effects->of);
}

bool
rw_effects_collect(const struct history *history, uint32_t index, bool nil_is_unknown,
		   struct effects *effects)
{
	const struct values *values = &history->values;
	const struct op *op = &history->ops.items[index];
	bool is_ok = op->type == OP_OK, is_new;
	val list = is_ok && op->output != VAL_OF_NIL ? op->output : op->input;

	effects->op = op;
	for (size_t i = 0; i < val_count(values, list); i++) {
		val mop = val_at(values, list, i);
		if (predicate_is_read(values, mop))
			continue;
		val value =
			val_count(values, mop) == 3 ? val_at(values, mop, 2) : VAL_OF_NIL;
		bool writes = val_text(values, val_at(values, mop, 0)).data[0] == 'w';
		if (!writes && (!is_ok || (value == VAL_OF_NIL && nil_is_unknown)))
			continue;
		struct effect *effect =
			effect_on(values, effects, val_at(values, mop, 1), &is_new);
		if (writes) {
			effect->writes = true;
			effect->written = value;
		} else if (is_new) {
			effect->reads = true;
			effect->read = value;
		} else if (!val_equal(values, value,
				      effect->writes ? effect->written : effect->read))
			return false;
	}
	return true;
}
