#include "harness/model_library.h"

#include "base/mem.h"
#include "checkers/engine/user_model.h"
#include "harness/lua/lua_model.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

bool
model_library_is_file(const char *text)
{
	return text != NULL && (text[0] == '/' || text[0] == '.' ||
				ends_with(text, ".so") || lua_model_is_file(text));
}

const char *
model_library_key(const struct model_library *library)
{
	return library->model->version >= 2 ? library->model->key : NULL;
}

/* dlopen looks for a name without a slash among the system's libraries, not here. */
static void *
open_file(const char *path)
{
	char *here =
		strchr(path, '/') == NULL ? mem_format("./%s", path) : mem_string(path);
	void *handle = dlopen(here, RTLD_NOW | RTLD_LOCAL);

	free(here);
	return handle;
}

static bool
open_shared_object(struct model_library *library, const char *path, struct err *err)
{
	*library = (struct model_library){.handle = open_file(path)};
	if (library->handle == NULL)
		return err_set(err, "load the model: %s", dlerror());
	library->model = dlsym(library->handle, "faultline_model");
	if (library->model == NULL) {
		err_set(err, "'%s' defines no faultline_model", path);
		err_hint(err, "const struct faultline_model faultline_model = {...}; see "
			      "faultline-model.h");
	} else if (user_model_is_sound(library->model, err)) {
		return true;
	} else {
		err_context(err, "'%s'", path);
	}
	model_library_close(library);
	return false;
}

bool
model_library_open(struct model_library *library, const char *path, struct err *err)
{
	if (!lua_model_is_file(path))
		return open_shared_object(library, path, err);
	*library = (struct model_library){.lua = lua_model_open(path, err)};
	if (library->lua == NULL)
		return false;
	library->model = lua_model_interface(library->lua);
	return true;
}

void
model_library_close(struct model_library *library)
{
	if (library->handle != NULL)
		dlclose(library->handle);
	lua_model_close(library->lua);
	*library = (struct model_library){0};
}
