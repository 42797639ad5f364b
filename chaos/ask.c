#include "chaos/ask.h"

#include "base/mem.h"
#include "base/parallel.h"
#include "chaos/agent/protocol.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
ask(const struct chaos_host *host, struct buf *reply, int timeout_ms, struct err *err,
    const char *format, ...)
{
	char *line = NULL;
	va_list args;

	va_start(args, format);
	int length = vasprintf(&line, format, args);
	va_end(args);
	buf_clear(reply);
	bool ok = length >= 0 ? host->link.request(host->link.context, line, reply,
						   timeout_ms, err)
			      : err_set(err, "format a request");
	free(line);
	ok = ok && reply_check(buf_text(reply), err);
	/* A link may have named the host already. */
	return ok || strncmp(err->text, "host ", 5) == 0
		       ? ok
		       : err_context(err, "host %s", host->name);
}

struct errands {
	bool (*body)(void *context, int i, struct err *err);
	void *context;
	struct err *errs; /* of each host */
	bool *ok;
};

static void
run_errand(void *context, size_t i)
{
	struct errands *errands = context;

	errands->ok[i] = errands->body(errands->context, (int)i, &errands->errs[i]);
}

bool
ask_each(int count, bool (*body)(void *context, int i, struct err *err), void *context,
	 struct err *err)
{
	struct errands errands = {.body = body, .context = context};
	bool ok = true;

	errands.errs = mem_new((size_t)count, sizeof(struct err));
	errands.ok = mem_new((size_t)count, sizeof(bool));
	parallel_for((size_t)count, count, run_errand, &errands);
	for (int i = 0; i < count && ok; i++)
		if (!errands.ok[i]) {
			*err = errands.errs[i];
			ok = false;
		}
	free(errands.errs);
	free(errands.ok);
	return ok;
}
