#include "chaos/agent/lease.h"

#include "base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
	SIGNAL_TIMEOUT_MS = 5000,
	START_TIMEOUT_MS = 10000
};

static void
lease_release(struct lease *lease)
{
	vec_release(&lease->addresses.of);
	vec_release(&lease->tree.of);
}

void
leases_release(struct leases *leases)
{
	vec_each (struct lease, lease, &leases->of)
		lease_release(lease);
	vec_release(&leases->of);
	cut_table_release(&leases->table);
}

static struct lease *
find(struct leases *leases, uint64_t id)
{
	vec_each (struct lease, lease, &leases->of) {
		if (lease->id == id)
			return lease;
	}
	return NULL;
}

static bool
may_add(struct leases *leases, uint64_t id, struct err *err)
{
	if (find(leases, id) != NULL)
		return err_set(err, "lease %" PRIu64 " is in force already", id);
	if (leases->of.count == LEASES_MAX)
		return err_set(err, "more than %d faults at once", LEASES_MAX);
	return true;
}

static bool
read_addresses(const struct request *request, struct cut_addresses *addresses,
	       struct err *err)
{
	for (size_t i = 0; i < request->word_count; i++) {
		struct cut_address address;
		if (!cut_address_read(&address, request->words[i], err))
			return false;
		vec_push(&addresses->of, address);
	}
	return true;
}

bool
leases_cut(struct leases *leases, const struct request *request, struct buf *values,
	   struct err *err)
{
	struct lease lease = {.id = request->lease, .kind = VERB_CUT};

	if (!may_add(leases, lease.id, err))
		return false;
	if (!read_addresses(request, &lease.addresses, err) ||
	    !undo_note(leases->undo, err, "cut %s", leases->table.name) ||
	    !cut_add(&leases->table, &lease.addresses, err)) {
		lease_release(&lease);
		return false;
	}
	lease.since_ns = clock_ns();
	vec_push(&leases->of, lease);
	buf_printf(values, "table=%s", leases->table.name);
	return true;
}

static void
print_counts(const struct leases *leases, const struct lease *lease, struct buf *values)
{
	vec_each (struct cut_address, address, &lease->addresses.of) {
		const struct cut_address *element =
			cut_find(&leases->table, address->text);
		if (element != NULL)
			buf_printf(values, "%s%s=%" PRIu64, values->len > 0 ? " " : "",
				   element->text, element->packets);
	}
}

bool
leases_counts(struct leases *leases, const struct request *request, struct buf *values,
	      struct err *err)
{
	struct lease *lease = find(leases, request->lease);

	if (lease == NULL || lease->kind != VERB_CUT)
		return err_set(err, "lease %" PRIu64 " is no cut in force",
			       request->lease);
	if (!cut_count(&leases->table, err))
		return false;
	print_counts(leases, lease, values);
	return true;
}

static void
print_pids(const struct processes *tree, struct buf *values)
{
	const char *separator = "pids=";

	vec_each (struct process, process, &tree->of) {
		buf_printf(values, "%s%d", separator, process->pid);
		separator = ",";
	}
}

static bool
signal_all(const struct processes *tree, int signal, struct err *err)
{
	struct err first = {0}, failed;

	vec_each (struct process, process, &tree->of) {
		if (!process_signal(process, signal, &failed) && first.text[0] == '\0')
			first = failed;
	}
	if (first.text[0] == '\0')
		return true;
	*err = first;
	return false;
}

static bool
note_and_stop(struct leases *leases, uint64_t id, const struct process *process,
	      struct err *err)
{
	return undo_note(leases->undo, err, "pause %" PRIu64 " %d %" PRIu64, id,
			 process->pid, process->start) &&
	       process_signal(process, SIGSTOP, err);
}

/* Stops the tree from its root down. What a process forked before its stop took effect is
 * found by the next look, until a look finds nothing new below stopped parents. */
static bool
stop_tree(struct leases *leases, struct lease *lease, const struct process *root,
	  struct err *err)
{
	size_t stopped = 0;

	vec_push(&lease->tree.of, *root);
	do {
		for (; stopped < lease->tree.of.count; stopped++)
			if (!note_and_stop(leases, lease->id,
					   &lease->tree.of.items[stopped], err))
				return false;
		if (!processes_await_stopped(&lease->tree, SIGNAL_TIMEOUT_MS))
			return err_set(err, "processes of '%s' did not stop within %d ms",
				       lease->daemon, SIGNAL_TIMEOUT_MS);
		if (!process_tree(root, &lease->tree, err))
			return false;
	} while (stopped < lease->tree.of.count);
	return true;
}

static bool
find_root(struct leases *leases, const struct request *request, struct lease *lease,
	  struct process *root, struct err *err)
{
	struct processes tree = {0};

	if (!may_add(leases, request->lease, err))
		return false;
	if (!protocol_is_name(request->words[0]))
		return err_set(err, "'%.40s' is no name of a daemon", request->words[0]);
	snprintf(lease->daemon, sizeof(lease->daemon), "%s", request->words[0]);
	if (!process_of_daemon(leases->daemons, lease->daemon, root, err))
		return false;
	/* Looked at before the first signal, so that a refusal has touched nothing. */
	bool ok = process_tree(root, &tree, err);
	vec_release(&tree.of);
	return ok;
}

/* After a failure: what was stopped goes on, what was killed starts. */
static bool
take_back(struct leases *leases, struct lease *lease, struct err *err)
{
	struct err ignored;

	signal_all(&lease->tree, SIGCONT, &ignored);
	undo_note(leases->undo, &ignored, "done %" PRIu64, lease->id);
	lease_release(lease);
	return err_context(err, "daemon '%s'", lease->daemon);
}

bool
leases_pause(struct leases *leases, const struct request *request, struct buf *values,
	     struct err *err)
{
	struct lease lease = {.id = request->lease, .kind = VERB_PAUSE};
	struct process root;

	if (!find_root(leases, request, &lease, &root, err))
		return false;
	if (!stop_tree(leases, &lease, &root, err))
		return take_back(leases, &lease, err);
	lease.since_ns = clock_ns();
	lease.cpu_ms = processes_cpu_ms(&lease.tree);
	print_pids(&lease.tree, values);
	vec_push(&leases->of, lease);
	return true;
}

/* Stopped first, so that nothing forks away from the kill. */
bool
leases_kill(struct leases *leases, const struct request *request, struct buf *values,
	    struct err *err)
{
	struct lease lease = {.id = request->lease, .kind = VERB_KILL};
	struct process root;

	if (!find_root(leases, request, &lease, &root, err))
		return false;
	if (!stop_tree(leases, &lease, &root, err) ||
	    !undo_note(leases->undo, err, "kill %" PRIu64 " %s", lease.id, lease.daemon))
		return take_back(leases, &lease, err);
	lease.since_ns = clock_ns();
	bool ok = signal_all(&lease.tree, SIGKILL, err);
	if (ok && !processes_await_gone(&lease.tree, SIGNAL_TIMEOUT_MS))
		ok = err_set(err, "processes of '%s' outlived SIGKILL for %d ms",
			     lease.daemon, SIGNAL_TIMEOUT_MS);
	/* In force in either case: it must be healed by a start. */
	print_pids(&lease.tree, values);
	buf_printf(values, " gone_ms=%" PRId64,
		   (clock_ns() - lease.since_ns) / NS_PER_MS);
	vec_push(&leases->of, lease);
	return ok;
}

static bool
heal_cut(struct leases *leases, struct lease *lease, struct buf *values, struct err *err)
{
	struct err ignored;

	/* A last count fails when elements have lapsed; healing does not depend on it. */
	cut_count(&leases->table, &ignored);
	print_counts(leases, lease, values);
	return cut_remove(&leases->table, &lease->addresses, err);
}

static bool
heal_pause(struct lease *lease, struct buf *values, struct err *err)
{
	bool stayed = processes_are_stopped(&lease->tree);
	int64_t cpu_ms = processes_cpu_ms(&lease->tree) - lease->cpu_ms;

	buf_printf(values, " cpu_ms=%" PRId64 " stayed=%d", cpu_ms, stayed);
	if (!signal_all(&lease->tree, SIGCONT, err))
		return false;
	if (!processes_await_running(&lease->tree, SIGNAL_TIMEOUT_MS))
		return err_set(err, "processes of '%s' did not continue within %d ms",
			       lease->daemon, SIGNAL_TIMEOUT_MS);
	return true;
}

static bool
heal_kill(struct leases *leases, struct lease *lease, struct buf *values, struct err *err)
{
	struct process started;

	if (!process_start_daemon(leases->daemons, lease->daemon, START_TIMEOUT_MS,
				  &started, err))
		return false;
	buf_printf(values, " pid=%d", started.pid);
	return true;
}

static bool
heal(struct leases *leases, struct lease *lease, struct buf *values, struct err *err)
{
	buf_printf(values, "ms=%" PRId64, (clock_ns() - lease->since_ns) / NS_PER_MS);
	switch (lease->kind) {
	case VERB_CUT:
		return heal_cut(leases, lease, values, err);
	case VERB_PAUSE:
		return heal_pause(lease, values, err);
	default:
		return heal_kill(leases, lease, values, err);
	}
}

static void
drop(struct leases *leases, struct lease *lease)
{
	lease_release(lease);
	size_t index = (size_t)(lease - leases->of.items);
	memmove(lease, lease + 1, (--leases->of.count - index) * sizeof(*lease));
}

/* The lease is kept when healing failed, so that it is tried again. */
static bool
heal_and_drop(struct leases *leases, struct lease *lease, struct buf *values,
	      struct err *err)
{
	if (!heal(leases, lease, values, err))
		return err_context(err, "heal lease %" PRIu64, lease->id);
	if (!undo_note(leases->undo, err, "done %" PRIu64, lease->id))
		return false;
	drop(leases, lease);
	return leases->of.count > 0 || undo_clear(leases->undo, err);
}

bool
leases_heal(struct leases *leases, const struct request *request, struct buf *values,
	    struct err *err)
{
	struct lease *lease = find(leases, request->lease);

	if (lease == NULL)
		return err_set(err, "lease %" PRIu64 " is not in force here",
			       request->lease);
	return heal_and_drop(leases, lease, values, err);
}

bool
leases_heal_all(struct leases *leases, int *healed, struct err *err)
{
	struct buf values = {0};
	struct err first = {0}, failed;

	*healed = 0;
	for (size_t i = leases->of.count; i-- > 0;) {
		buf_clear(&values);
		if (heal_and_drop(leases, &leases->of.items[i], &values, &failed))
			++*healed;
		else if (first.text[0] == '\0')
			first = failed;
	}
	buf_release(&values);
	if (first.text[0] == '\0')
		return true;
	*err = first;
	return false;
}

bool
leases_renew(struct leases *leases, struct err *err)
{
	return cut_renew(&leases->table, err);
}
