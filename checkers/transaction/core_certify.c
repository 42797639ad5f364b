#include "checkers/transaction/core_certify.h"

#include "checkers/transaction/core_proof.h"
#include "checkers/transaction/rw_proof.h"

#include <string.h>

struct rw_claim
core_claim(const char *name, const struct check_options *options)
{
	bool realtime = strstr(name, "-realtime") != NULL;
	bool serial =
		strncmp(name, "no-serial-order", 15) == 0 || strncmp(name, "G2", 2) == 0;

	return (struct rw_claim){.snapshot = !serial,
				 .process = realtime || strstr(name, "-process") != NULL,
				 .realtime = realtime,
				 .nil_is_unknown = options->nil_is_unknown};
}

static bool
is_named_by_class(const struct anomaly *core)
{
	return strncmp(core->name, "no-", 3) != 0;
}

bool
core_is_provable(const struct anomaly *core)
{
	return core->proof.count > 0 || is_named_by_class(core) ||
	       core->ops.count <= RW_CORE_MAX;
}

/* The class is the subtlest of the cycles that are derived: it must not be grosser. */
bool
core_certify(const struct history *history, const struct check_options *options,
	     const struct anomaly *core, struct err *err)
{
	struct rw_claim claim = core_claim(core->name, options);
	struct proof proof;

	for (size_t i = 0; i < core->ops.count; i++)
		if (core->ops.items[i] >= history->ops.count)
			return err_set(err, "%s names an operation that is not there",
				       core->name);
	if (core->proof.count > 0)
		return core_proof_check(history, core, &claim, err);
	if (core->ops.count <= RW_CORE_MAX &&
	    rw_certify_core(history, core->ops.items, core->ops.count, &claim, err))
		return true;
	proof_find(history, core->ops.items, core->ops.count, &claim, &proof);
	bool holds = proof.holds;
	proof_release(&proof);
	return holds || err_set(err, "the transactions of %s have an order, or too many",
				core->name);
}
