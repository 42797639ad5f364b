/* model_names.h - what people may call a model by: a checker's name, a variant of one
 * ("monotone" of unique-ids; the headers of the checkers tell), or a name of Knossos. PURE. */
#ifndef CHECKERS_MODEL_NAMES_H
#define CHECKERS_MODEL_NAMES_H

#include "base/err.h"

#include <stddef.h>

/* The checker that the model stands for in *checker; NULL there for a variant, of whichever
 * checker is chosen. False, with the nearest name as hint, when nobody knows it. */
bool model_name_find(const char *model, const char **checker, struct err *err);

/* The model is one of the checker, by its name or as its variant; else whose it is. A name
 * that nobody knows, as of a model of the caller's own, suits all. */
bool model_suits(const char *model, const char *checker, struct err *err);

/* All variants, in order of the alphabet; the count in *count. */
const char *const *model_variants(size_t *count);

#endif
