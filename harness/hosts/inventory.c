#include "harness/hosts/inventory.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum {
	INVENTORY_FILE_BYTES_MAX = 1 << 20
};

static bool
check_name(const char *name, struct err *err)
{
	if (name[0] == '\0')
		return err_set(err, "a host has no name");
	/* A name is handed to programs and put into file names. */
	if (name[0] == '-')
		return err_set(err, "host name '%s' begins with '-'", name);
	for (const char *c = name; *c != '\0'; c++)
		if (strchr("/'\"=,", *c) != NULL || *c <= ' ' || *c == 127)
			return err_set(err, "host name '%s' holds '%c'", name, *c);
	return true;
}

struct inventory_host *
inventory_add(struct inventory *inventory, const char *name, struct err *err)
{
	if (!check_name(name, err))
		return NULL;
	vec_each (struct inventory_host, host, &inventory->hosts) {
		if (strcmp(host->name, name) == 0) {
			err_set(err, "host '%s' is named twice", name);
			return NULL;
		}
	}
	if (inventory->hosts.count == INVENTORY_HOSTS_MAX) {
		err_set(err, "host '%s' is one too many: there may be %d", name,
			INVENTORY_HOSTS_MAX);
		return NULL;
	}
	struct inventory_host host = {.name = mem_string(name)};
	vec_push(&inventory->hosts, host);
	return vec_last(&inventory->hosts);
}

static bool
parse_port(const char *text, int *port, struct err *err)
{
	int64_t number;

	if (!text_int(text, 1, 65535, &number, err))
		return err_context(err, "port");
	*port = (int)number;
	return true;
}

/* Splits "[v6]:port", "name:port", "v6" or "name" in place. */
static bool
split_port(char *text, char **name, int *port, struct err *err)
{
	char *colon = strchr(text, ':');

	*name = text;
	if (text[0] == '[') {
		char *end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return err_set(err, "'%s' has a '[' without its ']'", text);
		*name = text + 1;
		*end = '\0';
		return end[1] == '\0' || parse_port(end + 2, port, err);
	}
	if (colon == NULL || strchr(colon + 1, ':') != NULL) /* none, or a bare IPv6 */
		return true;
	*colon = '\0';
	return parse_port(colon + 1, port, err);
}

static bool
add_item(struct inventory *inventory, char *item, struct err *err)
{
	char *at = strrchr(item, '@'), *name;
	int port = 0;

	if (at != NULL)
		*at = '\0';
	if (at == item)
		return err_set(err, "'@%s' has no user in front of '@'", at + 1);
	if (!split_port(at ? at + 1 : item, &name, &port, err))
		return false;
	struct inventory_host *host = inventory_add(inventory, name, err);
	if (host == NULL)
		return false;
	host->user = at ? mem_string(item) : NULL;
	host->port = port;
	return true;
}

bool
inventory_add_list(struct inventory *inventory, const char *hosts, struct err *err)
{
	struct strings items = {0};
	bool ok = true;

	strings_split(&items, hosts, ',');
	if (items.of.count == 0)
		ok = err_set(err, "the list of hosts is empty");
	for (size_t i = 0; ok && i < items.of.count; i++)
		ok = add_item(inventory, items.of.items[i], err);
	strings_release(&items);
	return ok;
}

/* ---- the file ---- */

static const struct field {
	const char *name;
	size_t offset;
} fields[] = {
	{"ssh-address", offsetof(struct inventory_host, ssh_address)},
	{"address", offsetof(struct inventory_host, address)},
	{"address6", offsetof(struct inventory_host, address6)},
	{"user", offsetof(struct inventory_host, user)},
	{"password", offsetof(struct inventory_host, password)},
	{"identity", offsetof(struct inventory_host, identity)},
	{"known-hosts", offsetof(struct inventory_host, known_hosts)},
	{"proxy", offsetof(struct inventory_host, proxy_command)},
	{"folder", offsetof(struct inventory_host, folder)},
	{"port", offsetof(struct inventory_host, port)},
};
enum {
	FIELD_COUNT = sizeof(fields) / sizeof(fields[0])
};

static bool
unknown_field(const char *name, struct err *err)
{
	const char *names[FIELD_COUNT];

	for (size_t i = 0; i < FIELD_COUNT; i++)
		names[i] = fields[i].name;
	const char *nearest = text_nearest(name, names, FIELD_COUNT);
	err_set(err, "'%s' is nothing that a host has", name);
	return nearest ? err_hint(err, "did you mean '%s'?", nearest) : false;
}

static bool
set_field(struct inventory_host *host, const char *name, const char *value,
	  struct err *err)
{
	if (strcmp(name, "port") == 0)
		return parse_port(value, &host->port, err);
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		char **place = (char **)((char *)host + fields[i].offset);
		if (strcmp(fields[i].name, name) != 0)
			continue;
		if (*place != NULL)
			return err_set(err, "'%s' of host '%s' is said twice", name,
				       host->name);
		*place = mem_string(value);
		return true;
	}
	return unknown_field(name, err);
}

/* The next word of the line, cut off in place; "" at the end. */
static char *
next_word(char **line)
{
	char *start = *line + strspn(*line, " \t\r");
	char *end = start + strcspn(start, " \t\r");

	*line = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

static bool
parse_pairs(struct inventory_host *host, char *rest, struct err *err)
{
	for (;;) {
		rest += strspn(rest, " \t\r");
		if (strncmp(rest, "proxy=", 6) == 0)
			return set_field(host, "proxy", rest + 6, err);
		char *word = next_word(&rest), *equals = strchr(word, '=');
		if (word[0] == '\0')
			return true;
		if (equals == NULL)
			return err_set(err, "'%s' is no name=value pair", word);
		*equals = '\0';
		if (!set_field(host, word, equals + 1, err))
			return false;
	}
}

static bool
parse_line(struct inventory *inventory, char *line, struct err *err)
{
	char *comment = strchr(line, '#');

	if (comment != NULL)
		*comment = '\0';
	char *name = next_word(&line);
	if (name[0] == '\0')
		return true;
	struct inventory_host *host = inventory_add(inventory, name, err);
	return host != NULL && parse_pairs(host, line, err);
}

bool
inventory_read(struct inventory *inventory, const char *path, struct err *err)
{
	struct buf text = {0};
	size_t before = inventory->hosts.count;
	int number = 0;
	bool ok = file_read(path, INVENTORY_FILE_BYTES_MAX, &text, err);

	if (ok && memchr(buf_text(&text), '\0', text.len) != NULL)
		ok = err_set(err, "'%s' is not a text file", path);
	for (char *line = text.data; ok && line != NULL && *line != '\0';) {
		char *end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		number++;
		if (!parse_line(inventory, line, err))
			ok = err_context(err, "%s:%d", path, number);
		line = end ? end + 1 : NULL;
	}
	if (ok && inventory->hosts.count == before)
		ok = err_set(err, "'%s' names no host", path);
	buf_release(&text);
	return ok;
}

static void
release_host(struct inventory_host *host)
{
	for (size_t i = 0; i < FIELD_COUNT; i++)
		if (fields[i].offset != offsetof(struct inventory_host, port))
			free(*(char **)((char *)host + fields[i].offset));
	free(host->name);
}

void
inventory_release(struct inventory *inventory)
{
	vec_each (struct inventory_host, host, &inventory->hosts)
		release_host(host);
	vec_release(&inventory->hosts);
	free(inventory->ssh_config);
	*inventory = (struct inventory){0};
}
