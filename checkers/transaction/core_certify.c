#include "checkers/transaction/core_certify.h"

#include "checkers/transaction/core_layers.h"
#include "checkers/transaction/core_proof.h"
#include "checkers/transaction/rw_proof.h"

#include <string.h>

struct rw_claim
core_claim(const char *name, const struct check_options *options)
{
	bool realtime = strstr(name, "-realtime") != NULL;
	bool serial =
		strncmp(name, "no-serial-order", 15) == 0 || strncmp(name, "G2", 2) == 0;
	bool parallel = strcmp(name, "G-single") == 0;

	return (struct rw_claim){.snapshot = !serial && !parallel,
				 .parallel = parallel,
				 .process = realtime || strstr(name, "-process") != NULL,
				 .realtime = realtime,
				 .nil_is_unknown = options->nil_is_unknown};
}

/* Then the cycles were derived, and their edges are told. */
static bool
is_named_by_class(const struct anomaly *core)
{
	return strncmp(core->name, "no-", 3) != 0 && core->steps.count > 0;
}

static bool
is_parallel(const struct anomaly *core)
{
	return core_claim(core->name, &(struct check_options){0}).parallel;
}

bool
core_is_provable(const struct anomaly *core)
{
	return core->proof.count > 0 || is_named_by_class(core) ||
	       (core->ops.count <= RW_CORE_MAX && !is_parallel(core));
}

/* From gross to subtle; others tell the same in other words. */
static const char *const classes[] = {"G0", "G1c", "G-single"};

enum {
	CLASSES = sizeof(classes) / sizeof(classes[0])
};

static size_t
class_of(const char *name)
{
	size_t class = 0;

	while (class < CLASSES && strcmp(classes[class], name) != 0)
		class ++;
	return class;
}

/* No order of all tells so much. */
static bool
is_gross(const char *name)
{
	return class_of(name) < class_of("G-single");
}

/* Cycles show that there is no order, and none of them is subtler than the name. */
static bool
derive(const struct history *history, const struct anomaly *core,
       const struct rw_claim *claim)
{
	struct proof proof;

	proof_find(history, core->ops.items, core->ops.count, claim, &proof);
	bool holds = proof.holds && class_of(proof.anomaly) <= class_of(core->name);
	proof_release(&proof);
	return holds;
}

bool
core_certify(const struct history *history, const struct check_options *options,
	     const struct anomaly *core, struct err *err)
{
	struct rw_claim claim = core_claim(core->name, options);

	for (size_t i = 0; i < core->ops.count; i++)
		if (core->ops.items[i] >= history->ops.count)
			return err_set(err, "%s names an operation that is not there",
				       core->name);
	if (core->proof.count > 0 && !is_gross(core->name))
		return core_proof_check(history, core, &claim, err) &&
		       core_layers_check(history, core, &claim, err);
	if (core->ops.count <= RW_CORE_MAX && !claim.parallel && !is_gross(core->name) &&
	    rw_certify_core(history, core->ops.items, core->ops.count, &claim, err))
		return true;
	return derive(history, core, &claim) ||
	       err_set(err, "the transactions of %s have an order, or too many",
		       core->name);
}

bool
core_certify_lists(const struct history *history, const struct check_options *options,
		   const struct anomaly *core, struct err *err)
{
	struct rw_claim claim = core_claim(core->name, options);

	claim.are_lists = true;
	return core_proof_check(history, core, &claim, err);
}
