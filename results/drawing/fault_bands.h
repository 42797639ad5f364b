/* fault_bands.h - the faults of a run as bands of time with a colour for each kind. */
#ifndef RESULTS_FAULT_BANDS_H
#define RESULTS_FAULT_BANDS_H

#include "base/text.h"
#include "results/store/store.h"

struct fault_band {
	char *fault, *target, *evidence, *error; /* owned; "" when none */
	int64_t start_ns, end_ns;		 /* an open one ends with the run */
	bool injected, verified, healed, has_evidence;
	size_t kind; /* index into kinds */
};

struct fault_bands {
	VEC(struct fault_band) of;
	struct strings kinds; /* names of the kinds of fault, in the order met */
};

bool fault_bands_read(struct fault_bands *bands, struct store *store, struct err *err);
void fault_bands_release(struct fault_bands *bands);

/* A colour (#rrggbb) for kind number `kind`: the same in all plots and pages. */
const char *fault_band_colour(size_t kind);

#endif
