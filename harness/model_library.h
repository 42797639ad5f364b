/* model_library.h - a user's model from a shared object (include/faultline-model.h) or from
 * a Lua file (harness/lua/lua_model.h). */
#ifndef HARNESS_MODEL_LIBRARY_H
#define HARNESS_MODEL_LIBRARY_H

#include "base/err.h"
#include "include/faultline-model.h"

struct model_library {
	void *handle;	       /* owned; of a shared object, else NULL */
	struct lua_model *lua; /* owned; of a Lua file, else NULL */
	const struct faultline_model *model;
};

/* Whether the text names a file (`./my.so`, `my.lua`), not a model of ours. */
bool model_library_is_file(const char *text);

/* Loads the file. The code in a shared object runs with all rights of this program, that in
 * a Lua file with none. The model lives until model_library_close; one at a time. */
bool model_library_open(struct model_library *library, const char *path, struct err *err);
void model_library_close(struct model_library *library);

/* How the model wants the history cut into keys (as --key); NULL: it does not say. */
const char *model_library_key(const struct model_library *library);

#endif
