/* A register that only grows: `write N` sets it to the greater of its value and N, `read`
 * returns it. A model of faultline:
 *
 *	cc -shared -fPIC -I include -o max_register.so docs/examples/max_register.c
 *	faultline check --model ./max_register.so history.jsonl */
#include <faultline-model.h>
#include <string.h>

static void
init(void *state, const struct faultline_value *initial)
{
	int64_t *greatest = state;

	*greatest = initial->kind == FAULTLINE_INT ? initial->number : 0;
}

static bool
is_read(const struct faultline_call *call)
{
	return strcmp(call->f, "read") == 0;
}

static bool
step(void *state, const struct faultline_call *call)
{
	int64_t *greatest = state;

	if (is_read(call))
		return !call->is_known || call->output->number == *greatest;
	if (call->input->number > *greatest)
		*greatest = call->input->number;
	return true;
}

const struct faultline_model faultline_model = {
	.version = FAULTLINE_MODEL_VERSION,
	.name = "max-register",
	.state_bytes = sizeof(int64_t),
	.init = init,
	.step = step,
	.is_read = is_read,
};
