#include "tests/harness/own_hosts.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void
own_hosts_add(const struct own_hosts *own, struct inventory *to, const char *name)
{
	struct err err;
	struct inventory_host *host = inventory_add(to, name, &err);

	assert_non_null(host);
	host->ssh_address = strdup("127.0.0.1");
	host->user = strdup("root");
	host->port = own->sshd.port;
	host->identity = strdup(own->sshd.key);
	host->known_hosts = strdup(own->sshd.known);
	host->folder = mem_format("%s/daemons-%s", own->sshd.folder, name);
}

void
own_hosts_expect(struct host *host, const char *command, const char *expected)
{
	struct buf output = {0};
	struct err err = {0};

	if (!host_exec(host, &output, 5000, &err, "%s", command))
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&output), expected);
	buf_release(&output);
}

bool
own_hosts_open(struct own_hosts *own)
{
	static const char *const names[] = {"n1", "n2", "n3"};
	struct err err = {0};

	if (!own_sshd_start(&own->sshd))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		own_hosts_add(own, &own->inventory, names[i]);
	if (hosts_open(&own->inventory, &own->hosts, &own->count, &err))
		return true;
	err_print(&err);
	return false;
}

void
own_hosts_close(struct own_hosts *own)
{
	hosts_close(own->hosts, own->count);
	inventory_release(&own->inventory);
	own_sshd_stop(&own->sshd);
}
