/* library_history.c - the history of libfaultline-check: read as a whole, or event by event. */
#include "results/library.h"

#include "base/machine.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool
may_read(struct faultline_check *check, const void *data, const char *what)
{
	if (check->has_history || check->history.ops.count > 0)
		return err_set(&check->err, "there is a history already");
	return data != NULL || err_set(&check->err, "there is no %s to read", what);
}

/* A file is in memory as a whole while it is read. */
size_t
library_bytes_max(const struct faultline_check *check)
{
	return check->options.bytes_max > 0 ? check->options.bytes_max
					    : machine_memory() / 2;
}

size_t
library_count_keyless(const struct history *history)
{
	size_t count = 0;

	vec_each (struct op, op, &history->ops)
		count += op->key == VAL_OF_NIL;
	return count;
}

bool
library_tuples_are_there(const char *key, const struct history *history, const char *name,
			 struct err *err)
{
	if (key == NULL || strcmp(key, "tuple") != 0 || history->ops.count == 0 ||
	    library_count_keyless(history) < history->ops.count)
		return true;
	err_set(err, "no operation of '%s' has a value [key value]", name);
	return err_hint(err, "--key tuple takes such values apart; without it the key is "
			     "a field, or there is none");
}

static bool
keep_facts(struct faultline_check *check, const struct reader_facts *facts,
	   const char *name, bool ok)
{
	ok = ok &&
	     library_tuples_are_there(check->key, &check->history, name, &check->err);
	check->has_history = ok;
	free(check->unread);
	check->unread = ok ? NULL : mem_string(check->err.text);
	check->is_over_bound = !ok && facts->over_bound;
	if (ok) {
		check->facts = *facts;
	} else { /* a part of a history is none */
		history_release(&check->history);
		history_init(&check->history);
	}
	return library_answer(check, ok);
}

bool
faultline_check_read(struct faultline_check *check, const void *data, size_t bytes,
		     const char *name, const char *format)
{
	const struct reader_options options = {.format = format,
					       .key = check->key,
					       .bytes_max = library_bytes_max(check)};
	struct reader_facts facts = {0};

	if (!may_read(check, data, "history"))
		return library_answer(check, false);
	name = name != NULL ? name : "history";
	bool ok = reader_read_bytes((struct bytes){.data = data, .len = bytes}, name,
				    &options, &check->history, &facts, &check->err);
	return keep_facts(check, &facts, name, ok);
}

bool
faultline_check_read_file(struct faultline_check *check, const char *path,
			  const char *format)
{
	const struct reader_options options = {.format = format,
					       .key = check->key,
					       .bytes_max = library_bytes_max(check)};
	struct reader_facts facts = {0};

	if (!may_read(check, path, "file"))
		return library_answer(check, false);
	bool ok = reader_read_file(path, &options, &check->history, &facts, &check->err);
	return keep_facts(check, &facts, path, ok);
}

bool
library_scan(struct faultline_check *check, enum scan_syntax syntax, const char *what,
	     const char *text, val *value)
{
	struct scan scan;

	*value = VAL_OF_NIL;
	if (text == NULL)
		return true;
	scan_init(&scan, syntax, &check->history.values,
		  (struct bytes){.data = text, .len = strlen(text)});
	bool ok = scan_space(&scan) && scan_value(&scan, value) && scan_space(&scan) &&
		  (scan.at == scan.end ||
		   scan_fail(&scan, scan.at, "something follows the value"));
	if (!ok)
		scan_error(&scan, what, &check->err);
	scan_release(&scan);
	return ok;
}

static bool
may_add(struct faultline_check *check)
{
	return !check->has_history ||
	       err_set(&check->err, "the history was read as a whole");
}

static bool
is_function(struct faultline_check *check, const char *f)
{
	return (f != NULL && f[0] != '\0') ||
	       err_set(&check->err, "the operation has no function (read, write, ...)");
}

bool
faultline_check_invoke(struct faultline_check *check, uint32_t process, const char *f,
		       const char *key, const char *value, int64_t time_ns)
{
	struct op op = {.process = process, .invoke_ns = time_ns};
	bool ok = may_add(check) && is_function(check, f) &&
		  library_scan(check, SCAN_JSON, "key", key, &op.key) &&
		  library_scan(check, SCAN_JSON, "value", value, &op.input);

	if (ok) {
		op.f = history_f(&check->history, f, strlen(f));
		ok = history_invoke(&check->history, &op, &check->err);
	}
	return library_answer(check, ok);
}

/* The function and the key are those of the process's open operation. */
static bool
find_open(struct faultline_check *check, struct op *op)
{
	const uint64_t *open = map_find(&check->history.open, op->process);

	if (open == NULL || *open == 0)
		return err_set(&check->err, "process %u has no operation open",
			       op->process);
	op->f = check->history.ops.items[*open - 1].f;
	return true;
}

bool
faultline_check_complete(struct faultline_check *check, uint32_t process,
			 enum faultline_outcome outcome, const char *value,
			 int64_t time_ns)
{
	struct op op = {.process = process, .complete_ns = time_ns};
	bool ok = may_add(check) && find_open(check, &op) &&
		  library_scan(check, SCAN_JSON, "value", value, &op.output);

	if (ok && (outcome < FAULTLINE_OK || outcome > FAULTLINE_INFO))
		ok = err_set(&check->err, "%d is no outcome of an operation", outcome);
	if (ok) {
		op.type = outcome == FAULTLINE_OK     ? OP_OK
			  : outcome == FAULTLINE_FAIL ? OP_FAIL
						      : OP_INFO;
		ok = history_complete(&check->history, &op, &check->err);
	}
	return library_answer(check, ok);
}
