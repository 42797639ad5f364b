#include "harness/model_library.h"

#include "checkers/engine/user_model.h"

#include <dlfcn.h>
#include <string.h>

bool
model_library_is_file(const char *text)
{
	return text != NULL && strchr(text, '/') != NULL;
}

bool
model_library_open(struct model_library *library, const char *path, struct err *err)
{
	*library = (struct model_library){.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL)};
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

void
model_library_close(struct model_library *library)
{
	if (library->handle != NULL)
		dlclose(library->handle);
	*library = (struct model_library){0};
}
