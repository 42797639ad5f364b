/* cmd_heal.c - `faultline heal`: take every fault off the hosts.
 *
 * Needs only SSH and the hosts: no run, and no controller that still lives. */
#include "harness/run/agent.h"
#include "harness/command.h"
#include "harness/lab/lab.h"

#include <stdlib.h>

static int heal_main(int argc, char **argv);

const struct command command_heal = {
	.name = "heal",
	.arguments = "--hosts A,B,... | --inventory FILE | --lab NAME",
	.summary = "take every fault off the hosts",
	.main = heal_main,
};

static struct settings {
	const char *hosts, *inventory, *lab;
	bool help;
} settings;

static const struct option_row rows[] = {
	{"hosts", 'H', OPTION_TEXT, &settings.hosts, "A,B,...", "hosts by name"},
	{"inventory", 'i', OPTION_TEXT, &settings.inventory, "FILE", "hosts from a file"},
	{"lab", 'l', OPTION_TEXT, &settings.lab, "NAME", "the local hosts of that lab"},
	{"help", 'h', OPTION_FLAG, &settings.help, NULL, "show this"},
	{0},
};

static bool
collect(struct inventory *inventory, struct err *err)
{
	if (settings.hosts != NULL && !inventory_add_list(inventory, settings.hosts, err))
		return false;
	if (settings.inventory != NULL &&
	    !inventory_read(inventory, settings.inventory, err))
		return false;
	return settings.lab == NULL || (lab_join(settings.lab, err) &&
					lab_inventory(settings.lab, inventory, err));
}

struct healing {
	const struct inventory *inventory;
	const char *program;
};

/* Opened alone, so that a host that cannot be reached keeps no other from being healed.
 */
static bool
heal_one(void *context, int i, struct err *err)
{
	const struct healing *healing = context;
	struct inventory single = {.ssh_config = healing->inventory->ssh_config};
	struct host **hosts = NULL;
	struct buf said = {0};
	int count = 0;

	vec_push(&single.hosts, healing->inventory->hosts.items[i]);
	bool ok = hosts_open(&single, &hosts, &count, err);
	if (ok) {
		ok = agent_heal(hosts[0], healing->program, &said, err);
		hosts_close(hosts, count);
	}
	if (ok)
		printf("%s: %s", single.hosts.items[0].name, buf_text(&said));
	else
		err_print(err);
	vec_release(&single.hosts); /* the strings belong to the whole inventory */
	buf_release(&said);
	return ok;
}

static int
heal_main(int argc, char **argv)
{
	struct inventory inventory = {0};
	struct err err = {0};

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_heal, &err);
	if (settings.help)
		return command_help(&command_heal, rows);
	if (settings.hosts == NULL && settings.inventory == NULL &&
	    settings.lab == NULL) {
		err_set(&err, "no hosts named");
		err_hint(&err, "say --hosts, --inventory or --lab");
		return command_usage(&command_heal, &err);
	}
	char *program = agent_program(&err);
	bool ok = program != NULL && collect(&inventory, &err);
	if (!ok)
		command_broke(&err);
	struct healing healing = {.inventory = &inventory, .program = program};
	ok = ok && hosts_each((int)inventory.hosts.count, heal_one, &healing, &err);
	inventory_release(&inventory);
	free(program);
	return ok ? EXIT_VALID : EXIT_BROKEN;
}
