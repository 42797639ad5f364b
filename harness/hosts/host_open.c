#include "harness/hosts/host_private.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- one thread a host ---- */

struct errand {
	pthread_t thread;
	bool started, ok;
	int i;
	bool (*body)(void *context, int i, struct err *err);
	void *context;
	struct err err;
};

static void *
run_errand(void *argument)
{
	struct errand *errand = argument;

	errand->ok = errand->body(errand->context, errand->i, &errand->err);
	return NULL;
}

bool
hosts_each(int count, bool (*body)(void *context, int i, struct err *err), void *context,
	   struct err *err)
{
	struct errand *errands = mem_new((size_t)count, sizeof(*errands));
	bool ok = true;

	for (int i = 0; i < count; i++) {
		errands[i].i = i;
		errands[i].body = body;
		errands[i].context = context;
		errands[i].started = pthread_create(&errands[i].thread, NULL, run_errand,
						    &errands[i]) == 0;
		if (!errands[i].started) /* no more threads: then one after the other */
			run_errand(&errands[i]);
	}
	for (int i = 0; i < count; i++) {
		if (errands[i].started)
			pthread_join(errands[i].thread, NULL);
		if (ok && !errands[i].ok)
			*err = errands[i].err;
		ok = ok && errands[i].ok;
	}
	free(errands);
	return ok;
}

/* ---- getting to know a host ---- */

/* SSH_CONNECTION holds the address by which this very connection reached the host; the
 * other addresses help when that is IPv6 or the connection came through a proxy. */
static const char question[] = "id -u; echo \"$SSH_CONNECTION\"; hostname -I 2>/dev/null "
			       "|| echo; uname -srm; nproc 2>/dev/null || echo 1";

static bool
is_address(int family, const char *text)
{
	unsigned char address[16];

	return text != NULL && inet_pton(family, text, address) == 1;
}

static char *
first_address(int family, const struct strings *words)
{
	vec_each (char *, word, &words->of) {
		if (is_address(family, *word) && strncmp(*word, "fe80", 4) != 0)
			return mem_string(*word);
	}
	return NULL;
}

static char *
reached_address(const char *connection)
{
	struct strings words = {0};
	char *found = NULL;

	strings_split(&words, connection, ' ');
	if (words.of.count == 4) {
		const char *text = words.of.items[2];
		if (strncmp(text, "::ffff:", 7) == 0)
			text += 7;
		if (is_address(AF_INET, text))
			found = mem_string(text);
	}
	strings_release(&words);
	return found;
}

static void
learn_addresses(struct host *host, const char *connection, const char *all)
{
	const struct inventory_host *planned = host->private->planned;
	struct strings words = {0};

	strings_split(&words, all, ' ');
	host->address = planned->address ? mem_string(planned->address)
					 : reached_address(connection);
	if (host->address == NULL)
		host->address = first_address(AF_INET, &words);
	host->address6 = planned->address6 ? mem_string(planned->address6)
					   : first_address(AF_INET6, &words);
	strings_release(&words);
}

static bool
read_answer(struct host *host, char *answer, struct err *err)
{
	char *lines[5];

	for (int i = 0; i < 5; i++) {
		lines[i] = answer;
		char *end = strchr(answer, '\n');
		if (end == NULL)
			return err_set(err,
				       "host %s: ask for its addresses: the answer is "
				       "cut off",
				       host->name);
		*end = '\0';
		answer = end + 1;
	}
	host->private->sudo = strcmp(lines[0], "0") != 0;
	learn_addresses(host, lines[1], lines[2]);
	host->kernel = mem_string(lines[3]);
	host->processors = atoi(lines[4]);
	return true;
}

static bool
check_address(struct host *host, struct err *err)
{
	if (!is_address(AF_INET, host->address)) {
		err_set(err, "host %s: its address '%s' is not a numeric IPv4 address",
			host->name, host->address ? host->address : "(none)");
		return err_hint(err,
				"write address=A.B.C.D behind its name in the inventory");
	}
	if (host->address6 != NULL && !is_address(AF_INET6, host->address6))
		return err_set(err,
			       "host %s: its address6 '%s' is not a numeric IPv6 address",
			       host->name, host->address6);
	return true;
}

static bool
meet(struct host *host, struct err *err)
{
	struct buf answer = {0};
	int code;
	bool ok = ssh_exec(host->ssh, question, (struct bytes){0}, HOST_COMMAND_MS,
			   &answer, NULL, &code, err);

	if (ok)
		ok = answer.len > 0 ? read_answer(host, answer.data, err)
				    : err_set(err, "host %s: its shell says nothing",
					      host->name);
	ok = ok && check_address(host, err);
	buf_release(&answer);
	if (!ok || !host->private->sudo)
		return ok;
	if (host_exec(host, NULL, HOST_COMMAND_MS, err, "true"))
		return true;
	return err_hint(err,
			"faults need root: log in as root, or allow sudo without a "
			"password on %s",
			host->name);
}

/* ---- opening ---- */

static void
host_close(struct host *host)
{
	ssh_close(host->ssh);
	pthread_mutex_destroy(&host->private->lock);
	free(host->private);
	free(host->name);
	free(host->address);
	free(host->address6);
	free(host->folder);
	free(host->kernel);
	free(host);
}

static struct host *
host_new(const struct inventory *inventory, int index)
{
	struct host *host = mem_new(1, sizeof(*host));
	const struct inventory_host *planned = &inventory->hosts.items[index];

	host->name = mem_string(planned->name);
	host->index = index;
	host->folder = mem_string(planned->folder ? planned->folder : HOST_FOLDER);
	host->private = mem_new(1, sizeof(*host->private));
	host->private->inventory = inventory;
	host->private->planned = planned;
	pthread_mutex_init(&host->private->lock, NULL);
	return host;
}

static bool
open_one(void *context, int i, struct err *err)
{
	struct host **hosts = context;
	struct host *host = hosts[i];

	host->ssh = ssh_open(host->private->inventory, host->private->planned,
			     HOST_CONNECT_MS, err);
	return host->ssh != NULL && meet(host, err);
}

void
hosts_close(struct host **hosts, int count)
{
	for (int i = 0; i < count; i++)
		host_close(hosts[i]);
	free(hosts);
}

bool
hosts_open(const struct inventory *inventory, struct host ***hosts, int *count,
	   struct err *err)
{
	int wanted = (int)inventory->hosts.count;

	*hosts = NULL;
	*count = 0;
	if (wanted == 0)
		return err_set(err, "there are no hosts");
	struct host **opened = mem_new((size_t)wanted, sizeof(struct host *));
	for (int i = 0; i < wanted; i++)
		opened[i] = host_new(inventory, i);
	if (!hosts_each(wanted, open_one, opened, err)) {
		hosts_close(opened, wanted);
		return false;
	}
	*hosts = opened;
	*count = wanted;
	return true;
}
