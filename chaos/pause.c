/* pause.c - SIGSTOP for the daemon and all that it started; SIGCONT heals.
 *
 * Evidence: all of them were stopped at the beginning and still at the end, and used no
 * CPU time in between. */
#include "chaos/daemon_fault.h"

#include <inttypes.h>
#include <stdio.h>

static bool
pause_inject(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	return daemon_inject(scene, "pause", outcome, err);
}

static void
print_cpu(const struct daemon_hit *hit, struct buf *out)
{
	buf_printf(out, "%" PRId64, hit->cpu_ms);
}

static bool
was_frozen(const struct fault_scene *scene, struct chaos_outcome *outcome)
{
	const struct daemon_hit *hits = scene->state;

	for (int i = 0; i < scene->host_count; i++)
		if (hits[i].hit && (!hits[i].stayed || hits[i].cpu_ms != 0)) {
			snprintf(outcome->error, sizeof(outcome->error),
				 "host %s: the daemon did not stay stopped",
				 scene->hosts[i].name);
			return false;
		}
	return true;
}

static bool
pause_heal(struct fault_scene *scene, struct chaos_outcome *outcome, struct err *err)
{
	bool ok = daemon_heal(scene, outcome, err);
	struct buf *evidence = &outcome->evidence;

	buf_clear(evidence);
	buf_string(evidence, "{\"paused\":");
	daemon_print(scene, evidence, daemon_print_pids);
	buf_string(evidence, ",\"frozen_ms\":");
	daemon_print(scene, evidence, daemon_print_ms);
	buf_string(evidence, ",\"cpu_ms\":");
	daemon_print(scene, evidence, print_cpu);
	buf_char(evidence, '}');
	outcome->has_evidence = ok && was_frozen(scene, outcome);
	return ok;
}

const struct fault fault_pause = {
	.name = "pause",
	.summary = "stop the daemon's processes, continued afterwards",
	.targets = daemon_targets,
	.hosts_min = daemon_hosts_min,
	.probe = daemon_probe,
	.inject = pause_inject,
	.heal = pause_heal,
};
