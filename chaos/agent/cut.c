#include "chaos/agent/cut.h"

#include "base/child.h"
#include "base/clock.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	NFT_TIMEOUT_MS = 5000
};

/* Runs nft; on failure the error is its first line, which says what was wrong. */
static bool
run_nft(const char *const *argv, struct bytes input, struct buf *output, struct err *err)
{
	struct buf said = {0};
	struct child child = {.argv = argv, .input = input, .timeout_ms = NFT_TIMEOUT_MS};
	bool ok = child_run(&child, &said, err);

	if (!ok && strstr(err->text, "run 'nft'") != NULL) {
		err_hint(err, "install the package 'nftables' on this host");
	} else if (!ok && said.len > 0) {
		size_t length = strcspn(buf_text(&said), "\n");
		err_set(err, "nft: %.*s", (int)(length > 300 ? 300 : length), said.data);
		err_hint(err,
			 "faults of the network need root, nftables and a kernel with "
			 "nf_tables");
	} else if (ok && output != NULL) {
		buf_append(output, said.data, said.len);
	}
	buf_release(&said);
	return ok;
}

static bool
run_script(const struct buf *script, struct err *err)
{
	const char *const argv[] = {"nft", "-f", "-", NULL};

	return run_nft(argv, buf_bytes(script), NULL, err);
}

bool
cut_address_read(struct cut_address *address, const char *text, struct err *err)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	*address = (struct cut_address){.family = strchr(text, ':') ? AF_INET6 : AF_INET};
	if (inet_pton(address->family, text, bytes) != 1)
		return err_set(err, "'%.60s' is not a numeric address", text);
	inet_ntop(address->family, bytes, address->text, sizeof(address->text));
	return true;
}

bool
cut_table_init(struct cut_table *table, const char *name, const char *connection,
	       int timeout_ms, struct err *err)
{
	char client[INET6_ADDRSTRLEN + 20] = "";
	struct cut_address address;
	int port = 0;

	*table = (struct cut_table){.timeout_ms = timeout_ms};
	snprintf(table->name, sizeof(table->name), CUT_TABLE_PREFIX "%s", name);
	if (*connection == '\0')
		return true;
	if (sscanf(connection, "%64s %*d %*s %d", client, &port) != 2 || port <= 0 ||
	    port > 65535)
		return err_set(err, "'%s' does not describe an SSH connection",
			       connection);
	client[strcspn(client, "%")] = '\0'; /* the interface of a link-local address */
	if (!cut_address_read(&address, client, err))
		return err_context(err, "SSH connection '%s'", connection);
	snprintf(table->controller, sizeof(table->controller), "%s", address.text);
	table->controller_port = port;
	return true;
}

void
cut_table_release(struct cut_table *table)
{
	vec_release(&table->elements.of);
}

const struct cut_address *
cut_find(const struct cut_table *table, const char *address)
{
	vec_each (struct cut_address, element, &table->elements.of) {
		if (strcmp(element->text, address) == 0)
			return element;
	}
	return NULL;
}

static const char *
set_name(int family)
{
	return family == AF_INET6 ? "cut6" : "cut4";
}

/* "add" first, so that a table of that name may be there already. */
static void
print_table(const struct cut_table *table, struct buf *script)
{
	const char *name = table->name;

	buf_printf(script, "add table inet %s\ndelete table inet %s\n", name, name);
	buf_printf(
		script,
		"table inet %s {\n"
		"\tset cut4 {\n\t\ttype ipv4_addr\n\t\tflags timeout\n\t\tcounter\n\t}\n"
		"\tset cut6 {\n\t\ttype ipv6_addr\n\t\tflags timeout\n\t\tcounter\n\t}\n"
		"\tchain drops {\n"
		"\t\ttype filter hook prerouting priority -310; policy accept;\n",
		name);
	if (table->controller[0] != '\0')
		buf_printf(script, "\t\t%s saddr %s tcp dport %d accept\n",
			   strchr(table->controller, ':') ? "ip6" : "ip",
			   table->controller, table->controller_port);
	buf_string(script,
		   "\t\ticmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
		   "\t\tip saddr @cut4 drop\n\t\tip6 saddr @cut6 drop\n\t}\n}\n");
}

static void
print_element(const struct cut_table *table, const char *verb,
	      const struct cut_address *address, bool whole, struct buf *script)
{
	buf_printf(script, "%s element inet %s %s { %s", verb, table->name,
		   set_name(address->family), address->text);
	if (whole)
		buf_printf(script, " counter packets %llu bytes %llu timeout %dms",
			   (unsigned long long)address->packets,
			   (unsigned long long)address->bytes, table->timeout_ms);
	buf_string(script, " }\n");
}

bool
cut_add(struct cut_table *table, const struct cut_addresses *addresses, struct err *err)
{
	struct buf script = {0};

	if (table->elements.of.count + addresses->of.count > CUT_ADDRESSES_MAX)
		return err_set(err, "more than %d addresses to cut", CUT_ADDRESSES_MAX);
	vec_each (struct cut_address, address, &addresses->of) {
		if (cut_find(table, address->text) != NULL)
			return err_set(err, "address '%s' is cut already", address->text);
	}
	if (!table->stands)
		print_table(table, &script);
	vec_each (struct cut_address, address, &addresses->of)
		print_element(table, "add", address, true, &script);
	bool ok = run_script(&script, err);
	buf_release(&script);
	if (!ok)
		return err_context(err, "cut addresses off");
	table->stands = table->ever_stood = true;
	vec_each (struct cut_address, address, &addresses->of)
		vec_push(&table->elements.of, *address);
	return true;
}

static struct cut_address *
find_element(struct cut_table *table, const char *text)
{
	struct cut_address address;
	struct err err;

	if (!cut_address_read(&address, text, &err))
		return NULL;
	return (struct cut_address *)cut_find(table, address.text);
}

/* Reads `{ A counter packets N bytes M timeout ..., B counter ... }`; returns how many
 * of the table's elements were met. */
static size_t
read_elements(struct cut_table *table, char *listing)
{
	char *at = strstr(listing, "elements = {"), *item;
	size_t met = 0;

	if (at == NULL)
		return 0;
	at += strlen("elements = {");
	at[strcspn(at, "}")] = '\0';
	while ((item = strsep(&at, ",")) != NULL) {
		char text[80];
		unsigned long long packets, bytes;
		if (sscanf(item, " %79s counter packets %llu bytes %llu", text, &packets,
			   &bytes) != 3)
			continue;
		struct cut_address *element = find_element(table, text);
		if (element == NULL)
			continue;
		element->packets = packets;
		element->bytes = bytes;
		met++;
	}
	return met;
}

static bool
count_family(struct cut_table *table, int family, size_t *met, struct err *err)
{
	const char *const argv[] = {"nft",  "-n",	 "list",	   "set",
				    "inet", table->name, set_name(family), NULL};
	struct buf listing = {0};
	bool ok = run_nft(argv, (struct bytes){0}, &listing, err);

	buf_char(&listing, '\0');
	if (ok)
		*met += read_elements(table, listing.data);
	buf_release(&listing);
	return ok;
}

bool
cut_count(struct cut_table *table, struct err *err)
{
	size_t met = 0;

	if (!table->stands)
		return true;
	if (!count_family(table, AF_INET, &met, err) ||
	    !count_family(table, AF_INET6, &met, err))
		return err_context(err, "read the counters of table '%s'", table->name);
	if (met != table->elements.of.count)
		return err_set(err, "table '%s' holds %zu of the %zu addresses cut",
			       table->name, met, table->elements.of.count);
	return true;
}

/* Kernels before 6.12 do not renew an element that is added again, so each is replaced in
 * one transaction, with its counter: at no moment does a packet pass. */
bool
cut_renew(struct cut_table *table, struct err *err)
{
	struct buf script = {0};

	if (!table->stands)
		return true;
	if (!cut_count(table, err))
		return false;
	vec_each (struct cut_address, element, &table->elements.of) {
		print_element(table, "add", element, false, &script);
		print_element(table, "delete", element, false, &script);
		print_element(table, "add", element, true, &script);
	}
	bool ok = run_script(&script, err);
	buf_release(&script);
	return ok ? true
		  : err_context(err, "renew the elements of table '%s'", table->name);
}

static void
forget(struct cut_table *table, const char *address)
{
	struct cut_address *items = table->elements.of.items;

	for (size_t i = 0; i < table->elements.of.count; i++) {
		if (strcmp(items[i].text, address) != 0)
			continue;
		items[i] = vec_pop(&table->elements.of);
		return;
	}
}

static bool
table_exists(const char *name, bool *exists, struct err *err)
{
	struct buf names = {0};
	char line[CUT_TABLE_BYTES + 2];

	if (!cut_tables_list(&names, err)) {
		buf_release(&names);
		return false;
	}
	snprintf(line, sizeof(line), "%s\n", name);
	*exists = strstr(buf_text(&names), line) != NULL;
	buf_release(&names);
	return true;
}

bool
cut_remove(struct cut_table *table, const struct cut_addresses *addresses,
	   struct err *err)
{
	struct buf script = {0};

	vec_each (struct cut_address, address, &addresses->of) {
		if (cut_find(table, address->text) == NULL)
			continue;
		print_element(table, "add", address, false, &script);
		print_element(table, "delete", address, false, &script);
		forget(table, address->text);
	}
	bool ok = true;
	if (table->elements.of.count == 0) {
		ok = cut_table_delete(table->name, err);
		table->stands = table->stands && !ok;
	} else if (script.len > 0) {
		/* cut_count proves the result: it must meet exactly the elements left. */
		ok = run_script(&script, err) && cut_count(table, err);
	}
	buf_release(&script);
	return ok ? true : err_context(err, "lift the cut");
}

bool
cut_table_delete(const char *name, struct err *err)
{
	struct buf script = {0};
	bool exists = false;

	buf_printf(&script, "add table inet %s\ndelete table inet %s\n", name, name);
	bool ok = run_script(&script, err) && table_exists(name, &exists, err);
	buf_release(&script);
	return ok && exists ? err_set(err, "table '%s' is still there", name) : ok;
}

bool
cut_tables_list(struct buf *names, struct err *err)
{
	const char *const argv[] = {"nft", "list", "tables", "inet", NULL};
	struct buf listing = {0};
	bool ok = run_nft(argv, (struct bytes){0}, &listing, err);
	char *rest = listing.data, *line;

	buf_char(&listing, '\0');
	rest = listing.data;
	while (ok && (line = strsep(&rest, "\n")) != NULL) {
		char name[128];
		if (sscanf(line, "table inet %127s", name) == 1 &&
		    strncmp(name, CUT_TABLE_PREFIX, strlen(CUT_TABLE_PREFIX)) == 0)
			buf_printf(names, "%s\n", name);
	}
	buf_release(&listing);
	return ok;
}

/* The addresses are those of RFC 5737 and RFC 3849, which nobody has. */
bool
cut_check(struct err *err)
{
	struct cut_table scratch;
	struct cut_addresses nobody = {0};
	struct cut_address address;
	char name[32];

	snprintf(name, sizeof(name), "check_%d", getpid());
	bool ok = cut_table_init(&scratch, name, "", 5000, err) &&
		  cut_address_read(&address, "192.0.2.77", err);
	if (ok)
		vec_push(&nobody.of, address);
	ok = ok && cut_address_read(&address, "2001:db8::77", err);
	if (ok)
		vec_push(&nobody.of, address);
	ok = ok && cut_add(&scratch, &nobody, err) && cut_renew(&scratch, err) &&
	     cut_remove(&scratch, &nobody, err);
	vec_release(&nobody.of);
	cut_table_release(&scratch);
	return ok ? true : err_context(err, "try a cut in a scratch table");
}
