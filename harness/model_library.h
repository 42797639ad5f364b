/* model_library.h - a user's model from a shared object (include/faultline-model.h). */
#ifndef HARNESS_MODEL_LIBRARY_H
#define HARNESS_MODEL_LIBRARY_H

#include "base/err.h"
#include "include/faultline-model.h"

struct model_library {
	void *handle; /* owned */
	const struct faultline_model *model;
};

/* Whether the text names a file (`./my.so`, `/models/my.so`), not a model of ours. */
bool model_library_is_file(const char *text);

/* Loads the file. The code in it runs with all rights of this program. The model lives
 * until model_library_close. */
bool model_library_open(struct model_library *library, const char *path, struct err *err);
void model_library_close(struct model_library *library);

#endif
