#include "results/drawing/fault_bands.h"

#include <stdlib.h>
#include <string.h>

enum column {
	FAULT,
	TARGET,
	START,
	END,
	INJECTED,
	VERIFIED,
	HEALED,
	PROVEN,
	EVIDENCE,
	ERROR
};

static const char faults_query[] = "SELECT fault, coalesce(nullif(resolved, ''), "
				   "target), start_ns, end_ns, injected, "
				   "verified, healed, has_evidence, evidence, error FROM "
				   "fault ORDER BY start_ns, id";

static size_t
kind_of(struct fault_bands *bands, const char *fault)
{
	for (size_t i = 0; i < bands->kinds.of.count; i++)
		if (strcmp(bands->kinds.of.items[i], fault) == 0)
			return i;
	strings_push(&bands->kinds, fault);
	return bands->kinds.of.count - 1;
}

static char *
copy_or_empty(const char *text)
{
	return mem_string(text != NULL ? text : "");
}

static bool
is_true(const char *text)
{
	return text != NULL && strcmp(text, "0") != 0;
}

static bool
add_band(void *context, int columns, const char *const *texts)
{
	struct fault_bands *bands = context;

	(void)columns;
	vec_push(&bands->of,
		 (struct fault_band){
			 .fault = copy_or_empty(texts[FAULT]),
			 .target = copy_or_empty(texts[TARGET]),
			 .evidence = copy_or_empty(texts[EVIDENCE]),
			 .error = copy_or_empty(texts[ERROR]),
			 .start_ns = texts[START] ? atoll(texts[START]) : 0,
			 .end_ns = texts[END] ? atoll(texts[END]) : -1,
			 .injected = is_true(texts[INJECTED]),
			 .verified = is_true(texts[VERIFIED]),
			 .healed = is_true(texts[HEALED]),
			 .has_evidence = is_true(texts[PROVEN]),
			 .kind = kind_of(bands, texts[FAULT] ? texts[FAULT] : ""),
		 });
	return true;
}

bool
fault_bands_read(struct fault_bands *bands, struct store *store, struct err *err)
{
	*bands = (struct fault_bands){0};
	return store_query(store, faults_query, add_band, bands, err) ||
	       err_context(err, "read the faults of the run");
}

void
fault_bands_release(struct fault_bands *bands)
{
	vec_each (struct fault_band, band, &bands->of) {
		free(band->fault);
		free(band->target);
		free(band->evidence);
		free(band->error);
	}
	vec_release(&bands->of);
	strings_release(&bands->kinds);
}

const char *
fault_band_colour(size_t kind)
{
	static const char *const colours[] = {"#f3b6b0", "#b9c6ef", "#f1dfa8", "#c4e3b4",
					      "#d9c2ec", "#b3e2e0", "#f3cfa9", "#d6d6d6"};

	return colours[kind % (sizeof(colours) / sizeof(colours[0]))];
}
