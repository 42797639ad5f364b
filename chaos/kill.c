/* kill.c - SIGKILL for the daemon and all that it started; a restart heals.
 *
 * Evidence: the processes that are gone, how long nothing ran in their place, and the
 * process that took over. */
#include "chaos/daemon_fault.h"

#include <inttypes.h>

static bool
kill_inject(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	return daemon_inject(scene, "kill", outcome, err);
}

static void
print_pid(const struct daemon_hit *hit, struct buf *out)
{
	buf_printf(out, "%" PRId64, hit->pid);
}

static bool
was_replaced(const struct fault_scene *scene)
{
	const struct daemon_hit *hits = scene->state;

	for (int i = 0; i < scene->host_count; i++)
		if (hits[i].hit && (hits[i].pids[0] == '\0' || hits[i].pid <= 0))
			return false;
	return true;
}

static bool
kill_heal(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	bool ok = daemon_heal(scene, outcome, err);
	struct buf *evidence = &outcome->evidence;

	buf_clear(evidence);
	buf_string(evidence, "{\"killed\":");
	daemon_print(scene, evidence, daemon_print_pids);
	buf_string(evidence, ",\"down_ms\":");
	daemon_print(scene, evidence, daemon_print_ms);
	buf_string(evidence, ",\"restarted\":");
	daemon_print(scene, evidence, print_pid);
	buf_char(evidence, '}');
	outcome->has_evidence = ok && was_replaced(scene);
	return ok;
}

const struct fault fault_kill = {
	.name = "kill",
	.summary = "kill -9 of the daemon, started again afterwards",
	.targets = daemon_targets,
	.hosts_min = daemon_hosts_min,
	.probe = daemon_probe,
	.inject = kill_inject,
	.heal = kill_heal,
};
