#include "harness/run/deploy.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "harness/run/agent.h"
#include "harness/hosts/host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANSWER_MS = 5000 /* for a host that is asked whether it is still there */
};

bool
deploy_hosts(struct deployment *deployment, struct err *err)
{
	struct test *test = deployment->test;

	if (test->inventory.hosts.count == 0)
		return true;
	if (!hosts_open(&test->inventory, &deployment->hosts, &deployment->host_count,
			err))
		return false;
	test->cluster.hosts = deployment->hosts;
	return true;
}

static bool
record_host(struct store *store, const struct host *host, struct err *err)
{
	struct buf details = {0};

	buf_string(&details, "{\"kernel\":");
	json_print_string(host->kernel ? host->kernel : "",
			  host->kernel ? strlen(host->kernel) : 0, &details);
	buf_printf(&details, ",\"processors\":%d}", host->processors);
	struct store_host row = {.index = host->index,
				 .name = host->name,
				 .address = host->address,
				 .address6 = host->address6,
				 .details = buf_text(&details)};
	bool ok = store_put_host(store, &row, err);
	buf_release(&details);
	return ok;
}

bool
deploy_record(struct deployment *deployment, struct store *store, struct err *err)
{
	for (int i = 0; i < deployment->host_count; i++)
		if (!record_host(store, deployment->hosts[i], err))
			return false;
	return true;
}

/* ---- the system ---- */

static bool
install_node(void *context, int node, struct err *err)
{
	struct cluster *cluster = context;
	const struct system *system = cluster->system;

	return system->install == NULL || system->install(cluster, node, err) ||
	       err_context(err, "install '%s' on %s", system->name,
			   cluster->hosts[node]->name);
}

static bool
start_node(void *context, int node, struct err *err)
{
	struct cluster *cluster = context;
	const struct system *system = cluster->system;

	return system->start == NULL || system->start(cluster, node, err) ||
	       err_context(err, "start '%s' on %s", system->name,
			   cluster->hosts[node]->name);
}

static bool
each_node(struct deployment *deployment,
	  bool (*body)(void *context, int node, struct err *err), struct err *err)
{
	return hosts_each(deployment->host_count, body, &deployment->test->cluster, err);
}

bool
deploy_system(struct deployment *deployment, int timeout_ms, struct err *err)
{
	struct test *test = deployment->test;

	if (test->system->in_process)
		return true;
	deployment->is_installed = true;
	return each_node(deployment, install_node, err) &&
	       each_node(deployment, start_node, err) &&
	       cluster_await_ready(&test->cluster, timeout_ms, err);
}

static bool
stop_node(void *context, int node, struct err *err)
{
	struct cluster *cluster = context;

	return cluster->system->stop == NULL || cluster->system->stop(cluster, node, err);
}

/* ---- agents ---- */

static int
leader_of(void *context)
{
	struct cluster *cluster = context;

	return cluster->system->leader == NULL ? -1 : cluster->system->leader(cluster);
}

struct opening {
	struct deployment *deployment;
	const char *program;
};

static bool
open_agent(void *context, int i, struct err *err)
{
	struct opening *opening = context;
	struct deployment *deployment = opening->deployment;

	deployment->agents[i] = agent_open(deployment->hosts[i], opening->program,
					   deployment->test->run_name, err);
	return deployment->agents[i] != NULL;
}

static bool
open_agents(struct deployment *deployment, struct err *err)
{
	char *program = agent_program(err);

	if (program == NULL)
		return false;
	struct opening opening = {deployment, program};
	deployment->agents = mem_new((size_t)deployment->host_count, sizeof(void *));
	bool ok = hosts_each(deployment->host_count, open_agent, &opening, err);
	free(program);
	return ok;
}

bool
deploy_chaos(struct deployment *deployment, struct err *err)
{
	struct test *test = deployment->test;

	if (test->plan.steps.count == 0)
		return true;
	if (!open_agents(deployment, err))
		return false;
	deployment->chaos_hosts =
		mem_new((size_t)deployment->host_count, sizeof(struct chaos_host));
	for (int i = 0; i < deployment->host_count; i++) {
		const struct host *host = deployment->hosts[i];
		deployment->chaos_hosts[i] = (struct chaos_host){
			.name = host->name,
			.address = host->address,
			.address6 = host->address6,
			.daemon = test->system->daemon,
			.link = agent_link_of(deployment->agents[i]),
		};
	}
	deployment->hooks = (struct chaos_hooks){leader_of, &test->cluster};
	deployment->chaos = chaos_open(deployment->chaos_hosts, deployment->host_count,
				       &test->plan, &deployment->hooks, err);
	return deployment->chaos != NULL;
}

/* ---- the end ---- */

bool
deploy_heal(struct deployment *deployment, int timeout_ms, struct err *err)
{
	if (deployment->chaos == NULL)
		return true;
	if (!chaos_heal_all(deployment->chaos, err))
		return false;
	return each_node(deployment, start_node, err) &&
	       cluster_await_ready(&deployment->test->cluster, timeout_ms, err);
}

static void
collect_file(struct host *host, const char *remote, const char *folder)
{
	const char *slash = strrchr(remote, '/');
	char *local = mem_format("%s/%s", folder, slash != NULL ? slash + 1 : remote);
	struct err err;

	if (!host_download(host, remote, local, &err))
		log_warn("collect logs: %s", err.text);
	free(local);
}

struct collecting {
	struct deployment *deployment;
	const char *folder;
};

/* A host that is gone is not waited for as long as copies may take. */
static bool
collect_host(void *context, int i, struct err *err)
{
	struct collecting *collecting = context;
	struct cluster *cluster = &collecting->deployment->test->cluster;
	struct host *host = collecting->deployment->hosts[i];
	char *folder = mem_format("%s/hosts/%s", collecting->folder, host->name);
	struct strings paths = {0};

	bool ok = host_exec(host, NULL, ANSWER_MS, err, "true") &&
		  file_make_folder(folder, err);
	if (ok) {
		cluster->system->logs(cluster, i, &paths);
		vec_each (char *, path, &paths.of)
			collect_file(host, *path, folder);
	}
	strings_release(&paths);
	free(folder);
	return ok;
}

void
deploy_collect(struct deployment *deployment, const char *folder)
{
	struct collecting collecting = {deployment, folder};
	struct err err;

	if (deployment->test->system->logs != NULL && deployment->is_installed &&
	    !hosts_each(deployment->host_count, collect_host, &collecting, &err))
		log_warn("collect logs: %s", err.text);
}

void
deploy_close(struct deployment *deployment)
{
	struct err err;

	if (deployment->chaos != NULL)
		chaos_close(deployment->chaos);
	for (int i = 0; deployment->agents != NULL && i < deployment->host_count; i++)
		agent_close(deployment->agents[i]);
	if (deployment->is_installed && !each_node(deployment, stop_node, &err))
		log_warn("stop '%s': %s", deployment->test->system->name, err.text);
	if (deployment->hosts != NULL)
		hosts_close(deployment->hosts, deployment->host_count);
	free(deployment->agents);
	free(deployment->chaos_hosts);
	*deployment = (struct deployment){.test = deployment->test};
	deployment->test->cluster.hosts = NULL;
}
