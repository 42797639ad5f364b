#include "reference/node/config.h"

#include "base/file.h"
#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	CONFIG_FILE_BYTES_MAX = 1 << 20,
	PORT_CLIENTS = 6379
};

/* ---- values ------------------------------------------------------------------------ */

static bool
parse_address(const char *text, struct config_address *address, struct err *err)
{
	const char *colon = strrchr(text, ':');
	int64_t port;

	if (colon == NULL)
		return err_set(err, "'%s' is not HOST:PORT", text);
	if (!text_int(colon + 1, 1, 65535, &port, err))
		return err_context(err, "port of '%s'", text);
	bool bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
	size_t length = (size_t)(colon - text) - (bracketed ? 2 : 0);
	if (length == 0 || length >= sizeof(address->host))
		return err_set(err, "the host of '%s' must have 1 to %zu bytes", text,
			       sizeof(address->host) - 1);
	snprintf(address->host, sizeof(address->host), "%.*s", (int)length,
		 text + bracketed);
	address->port = (uint16_t)port;
	return true;
}

static bool
set_listen(struct config *config, const char *value, struct err *err)
{
	return parse_address(value, &config->listen, err);
}

static bool
add_peer(struct config *config, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char number[16];
	int64_t id;

	if (equals == NULL || equals - text >= (ptrdiff_t)sizeof(number))
		return err_set(err, "'%s' is not ID=HOST:PORT", text);
	if (config->peer_count == PROTOCOL_NODES_MAX)
		return err_set(err, "more than %d nodes", PROTOCOL_NODES_MAX);
	snprintf(number, sizeof(number), "%.*s", (int)(equals - text), text);
	struct config_peer *peer = &config->peers[config->peer_count];
	if (!text_int(number, 1, UINT32_MAX, &id, err) ||
	    !parse_address(equals + 1, &peer->address, err))
		return false;
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].id == (node_id)id)
			return err_set(err, "node %s is named twice", number);
	peer->id = (node_id)id;
	config->peer_count++;
	return true;
}

static bool
set_peers(struct config *config, const char *value, struct err *err)
{
	struct strings parts = {0};
	bool ok = true;

	config->peer_count = 0;
	strings_split(&parts, value, ',');
	for (size_t i = 0; ok && i < parts.of.count; i++)
		ok = add_peer(config, parts.of.items[i], err);
	strings_release(&parts);
	return ok;
}

static bool
set_data(struct config *config, const char *value, struct err *err)
{
	if (value[0] == '\0' || strlen(value) >= sizeof(config->data))
		return err_set(err, "a folder has 1 to %zu bytes",
			       sizeof(config->data) - 1);
	snprintf(config->data, sizeof(config->data), "%s", value);
	return true;
}

static bool
unknown(const char *what, const char *value, const char *const *known, size_t count,
	struct err *err)
{
	const char *nearest = text_nearest(value, known, count);

	err_set(err, "unknown %s '%s'", what, value);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	return false;
}

static bool
set_bug(struct config *config, const char *value, struct err *err)
{
	const char *known[BUG_COUNT];
	size_t count = 0;

	for (int i = BUG_NONE + 1; i < BUG_COUNT; i++)
		known[count++] = bug_table[i].name;
	config->bugs |= bug_bit(value);
	return bug_bit(value) != 0 || unknown("planted bug", value, known, count, err);
}

static bool
set_protocol(struct config *config, const char *value, struct err *err)
{
	static const struct protocol_kind *const all[] = {&protocol_raft};
	const char *known[sizeof(all) / sizeof(*all)];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		known[i] = all[i]->name;
		if (strcmp(value, all[i]->name) == 0) {
			config->protocol = all[i];
			return true;
		}
	}
	return unknown("protocol", value, known, sizeof(all) / sizeof(*all), err);
}

static bool
set_service(struct config *config, const char *value, struct err *err)
{
	static const struct service_kind *const all[] = {&service_kv};
	const char *known[sizeof(all) / sizeof(*all)];

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		known[i] = all[i]->name;
		if (strcmp(value, all[i]->name) == 0) {
			config->service = all[i];
			return true;
		}
	}
	return unknown("service", value, known, sizeof(all) / sizeof(*all), err);
}

/* ---- the table --------------------------------------------------------------------- */

/* A setting has a function, or is a number at an offset within bounds. */
static const struct setting {
	const char *name, *argument, *help;
	bool (*set)(struct config *config, const char *value, struct err *err);
	size_t offset;
	int64_t low, high;
} settings[] = {
#define NUMBER(field) NULL, offsetof(struct config, field)
	{"id", "N", "number of this node, one of those in peers", NUMBER(id), 1,
	 UINT32_MAX},
	{"listen", "HOST:PORT", "where clients connect (0.0.0.0:6379)", set_listen, 0, 0,
	 0},
	{"peers", "1=HOST:PORT,...", "all nodes, and where they listen for each other",
	 set_peers, 0, 0, 0},
	{"data", "FOLDER", "where log and snapshots are kept", set_data, 0, 0, 0},
	{"election-ms", "MS", "least time without a leader before an election (300)",
	 NUMBER(election_ms), 10, 600000},
	{"heartbeat-ms", "MS", "how often a leader shows that it lives (50)",
	 NUMBER(heartbeat_ms), 1, 100000},
	{"request-ms", "MS", "how long a client's command is tried (2000)",
	 NUMBER(request_ms), 10, 3600000},
	{"snapshot-every", "N", "applied commands between snapshots (20000)",
	 NUMBER(snapshot_every), 10, INT64_C(1000000000)},
	{"log-bytes", "N",
	 "commands are refused when the log in memory is longer (64 MiB)",
	 NUMBER(log_bytes_max), 1 << 16, INT64_C(1) << 31},
	{"clients", "N", "connections of clients at most (4096)", NUMBER(clients_max), 1,
	 60000},
	{"protocol", "NAME", "how nodes agree (raft)", set_protocol, 0, 0, 0},
	{"service", "NAME", "what they agree on (kv)", set_service, 0, 0, 0},
	{"bug", "NAME", "plant a bug; may be given several times", set_bug, 0, 0, 0},
#undef NUMBER
};
enum {
	SETTINGS = sizeof(settings) / sizeof(*settings)
};

void
config_init(struct config *config)
{
	*config = (struct config){.election_ms = 300,
				  .heartbeat_ms = 50,
				  .request_ms = 2000,
				  .snapshot_every = 20000,
				  .log_bytes_max = 64 << 20,
				  .clients_max = 4096,
				  .protocol = &protocol_raft,
				  .service = &service_kv};
	snprintf(config->listen.host, sizeof(config->listen.host), "0.0.0.0");
	config->listen.port = PORT_CLIENTS;
}

static bool
set_row(struct config *config, const struct setting *row, const char *value,
	struct err *err)
{
	int64_t *number = (int64_t *)((char *)config + row->offset);

	if (row->set != NULL ? row->set(config, value, err)
			     : text_int(value, row->low, row->high, number, err))
		return true;
	return err_context(err, "%s", row->name);
}

bool
config_set(struct config *config, const char *name, const char *value, struct err *err)
{
	const char *names[SETTINGS];

	for (size_t i = 0; i < SETTINGS; i++) {
		names[i] = settings[i].name;
		if (strcmp(name, settings[i].name) == 0)
			return set_row(config, &settings[i], value, err);
	}
	return unknown("setting", name, names, SETTINGS, err);
}

/* ---- file and flags ---------------------------------------------------------------- */

/* Cuts blanks off both ends, in place. */
static char *
trimmed(char *text)
{
	text += strspn(text, " \t\r");
	size_t length = strlen(text);
	while (length > 0 && strchr(" \t\r", text[length - 1]) != NULL)
		length--;
	text[length] = '\0';
	return text;
}

static bool
read_line(struct config *config, char *line, struct err *err)
{
	line[strcspn(line, "#")] = '\0';
	line = trimmed(line);
	if (line[0] == '\0')
		return true;
	char *equals = strchr(line, '=');
	if (equals == NULL)
		return err_set(err, "'%s' is not NAME = VALUE", line);
	*equals = '\0';
	return config_set(config, trimmed(line), trimmed(equals + 1), err);
}

bool
config_read(struct config *config, const char *path, struct err *err)
{
	struct buf text = {0};
	int number = 0;
	bool ok = file_read(path, CONFIG_FILE_BYTES_MAX, &text, err);

	if (ok && text.len > 0 && memchr(text.data, '\0', text.len) != NULL)
		ok = err_set(err, "config '%s': a zero byte: not a text file", path);
	char *rest = text.data;
	while (ok && text.len > 0 && rest != NULL) {
		char *line = strsep(&rest, "\n");
		number++;
		ok = read_line(config, line, err) ||
		     err_context(err, "config '%s' line %d", path, number);
	}
	buf_release(&text);
	return ok;
}

/* Splits the flag at argv[*at]; name has room for 64 bytes. */
static bool
take_flag(int argc, char **argv, int *at, char *name, const char **value, struct err *err)
{
	const char *flag = argv[(*at)++];
	const char *equals = strchr(flag, '=');

	if (strncmp(flag, "--", 2) != 0 || flag[2] == '\0')
		return err_set(err, "unexpected word '%s'", flag);
	size_t length = equals ? (size_t)(equals - flag) - 2 : strlen(flag) - 2;
	snprintf(name, 64, "%.*s", (int)length, flag + 2);
	if (equals == NULL && *at == argc)
		return err_set(err, "flag '%s' needs a value", flag);
	*value = equals ? equals + 1 : argv[(*at)++];
	return true;
}

/* Goes over all flags; with `files` only --config counts, else all others. */
static bool
parse_flags(struct config *config, int argc, char **argv, bool files, struct err *err)
{
	char name[64];
	const char *value = NULL;

	for (int at = 1; at < argc;) {
		if (!take_flag(argc, argv, &at, name, &value, err))
			return false;
		bool is_file = strcmp(name, "config") == 0;
		if (is_file && files && !config_read(config, value, err))
			return false;
		if (!is_file && !files && !config_set(config, name, value, err))
			return err_context(err, "flag --%s", name);
	}
	return true;
}

const struct config_peer *
config_self(const struct config *config)
{
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].id == (node_id)config->id)
			return &config->peers[i];
	return NULL;
}

static bool
check(const struct config *config, struct err *err)
{
	if (config->id == 0)
		return err_set(err, "no id is set") ||
		       err_hint(err, "give --id N, the number of this node in peers");
	if (config->data[0] == '\0')
		return err_set(err, "no data folder is set") ||
		       err_hint(err, "give --data FOLDER");
	if (config_self(config) == NULL)
		return err_set(err, "node %lld is not among the peers",
			       (long long)config->id) ||
		       err_hint(err, "peers names all nodes, this one included");
	if (config->heartbeat_ms * 2 > config->election_ms)
		return err_set(
			err, "heartbeat-ms %lld is more than half of election-ms %lld",
			(long long)config->heartbeat_ms, (long long)config->election_ms);
	return true;
}

bool
config_parse(struct config *config, int argc, char **argv, struct err *err)
{
	return parse_flags(config, argc, argv, true, err) &&
	       parse_flags(config, argc, argv, false, err) && check(config, err);
}

void
config_help(struct buf *out)
{
	char left[64];

	for (size_t i = 0; i < SETTINGS; i++) {
		snprintf(left, sizeof(left), "--%s %s", settings[i].name,
			 settings[i].argument);
		buf_printf(out, "  %-26s %s\n", left, settings[i].help);
	}
	buf_printf(out, "  %-26s %s\n", "--config FILE",
		   "settings as lines NAME = VALUE");
}
