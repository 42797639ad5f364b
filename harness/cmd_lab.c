/* cmd_lab.c - `faultline lab`: local hosts, up and down, and a way into them. */
#include "base/clock.h"
#include "harness/command.h"
#include "harness/lab/lab.h"
#include "harness/lab/lab_inside.h"
#include "harness/lab/lab_network.h"
#include "harness/lab/lab_state.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static struct settings {
	const char *name;
	int64_t count;
	bool all, help;
} settings;

static const struct option_row rows[] = {
	{"name", 0, OPTION_TEXT, &settings.name, "NAME", "which lab (default: default)"},
	{"hosts", 'n', OPTION_INT, &settings.count, "N",
	 "up: how many hosts (default 5)"},
	{"all", 'a', OPTION_FLAG, &settings.all, NULL, "down, status: every lab"},
	{"help", 'h', OPTION_FLAG, &settings.help, NULL, "show this"},
	{0},
};

extern const struct command command_lab;

static const char *
lab_name(void)
{
	return settings.name != NULL ? settings.name : LAB_DEFAULT;
}

static int
wrong_words(const char *wanted)
{
	struct err err;

	err_set(&err, "'lab' wants: %s", wanted);
	return command_usage(&command_lab, &err);
}

static int
up(int argc, char **argv)
{
	struct err err;
	char text[32];
	int64_t started = clock_ns();
	int count = (int)settings.count;

	(void)argv;
	if (argc != 0)
		return wrong_words("up [-n N] [--name NAME]");
	if (settings.count < 1 || settings.count > LAB_HOSTS_MAX) {
		err_set(&err, "a lab has 1 to %d hosts, not %lld", LAB_HOSTS_MAX,
			(long long)settings.count);
		return command_usage(&command_lab, &err);
	}
	if (!lab_up(lab_name(), count, &err))
		return command_broke(&err);
	printf("lab '%s': %d hosts, n1 (%s) to n%d (%s), answer SSH after %s\n",
	       lab_name(), count, lab_address(0).v4, count, lab_address(count - 1).v4,
	       text_ns(clock_ns() - started, text, sizeof(text)));
	return EXIT_VALID;
}

/* Calls `each` for one lab, or for all. Returns the first code that is not 0. */
static int
for_labs(int (*each)(const char *name))
{
	struct strings names = {0};
	int code = EXIT_VALID;

	if (settings.all)
		lab_names(&names);
	else
		strings_push(&names, lab_name());
	for (size_t i = 0; i < names.of.count; i++) {
		int one = each(names.of.items[i]);
		code = code != EXIT_VALID ? code : one;
	}
	if (names.of.count == 0)
		printf("no labs\n");
	strings_release(&names);
	return code;
}

static int
down_one(const char *name)
{
	struct err err;
	bool was_up = lab_is_up(name);

	if (!lab_down(name, &err))
		return command_broke(&err);
	printf("lab '%s' %s\n", name, was_up ? "is down" : "was not up");
	return EXIT_VALID;
}

static int
down(int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		return wrong_words("down [--name NAME | --all]");
	return for_labs(down_one);
}

static int64_t
age_ns(uint64_t start_ticks)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	int64_t start_ns =
		(int64_t)start_ticks * (NS_PER_S / (int64_t)sysconf(_SC_CLK_TCK));
	return now.tv_sec * NS_PER_S + now.tv_nsec - start_ns;
}

static void
print_host(const struct lab_state *state, int index)
{
	struct lab_address address = lab_address(index);
	pid_t pid = state->hosts[index];
	struct lab_usage usage = lab_usage(pid);
	uint64_t start = process_start(pid);
	char age[32] = "dead";

	if (start != 0)
		text_ns(age_ns(start), age, sizeof(age));
	printf("%-5s %-13s %-10s %8d  %-14s %9d %7.1f MB\n", address.name, address.v4,
	       lab_has_ipv6() ? address.v6 : "-", (int)pid, age, usage.processes,
	       (double)usage.memory_bytes / 1e6);
}

static int
status_one(const char *name)
{
	struct lab_state state;
	struct err err;

	if (!lab_name_check(name, &err) || !lab_state_read(name, &state, &err))
		return command_broke(&err);
	printf("lab '%s', process %d, folder %s\n"
	       "%-5s %-13s %-10s %8s  %-14s %9s %10s\n",
	       name, (int)state.pid, lab_path(name, "").text, "host", "address",
	       "address6", "pid", "up", "processes", "memory");
	for (int i = 0; i < state.count; i++)
		print_host(&state, i);
	return EXIT_VALID;
}

static int
status(int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		return wrong_words("status [--name NAME | --all]");
	return for_labs(status_one);
}

static int
exec(int argc, char **argv)
{
	static char *const shell[] = {"bash", "-l", NULL};
	struct err err;
	int code;

	if (argc < 1)
		return wrong_words("exec HOST [-- COMMAND ...]");
	if (!lab_run_inside(lab_name(), argv[0], argc > 1 ? argv + 1 : shell, &code,
			    &err))
		return command_broke(&err);
	return code;
}

/* Becomes the SSH client; returns only when that fails. */
static int
ssh(int argc, char **argv)
{
	const char *words[64] = {"ssh", "-F"};
	struct lab_path config = lab_path(lab_name(), "ssh_config");
	int count = 2;
	struct err err;

	if (argc < 1 || argc > 60)
		return wrong_words("ssh HOST [-- COMMAND ...]");
	if (!lab_join(lab_name(), &err))
		return command_broke(&err);
	words[count++] = config.text;
	for (int i = 0; i < argc; i++)
		words[count++] = argv[i];
	execvp(words[0], (char *const *)words);
	err_errno(&err, "run 'ssh'");
	err_hint(&err, "apt-get install openssh-client");
	return command_broke(&err);
}

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv); /* the words behind the verb */
} verbs[] = {
	{"up", up}, {"down", down}, {"status", status}, {"exec", exec}, {"ssh", ssh},
};
enum {
	VERB_COUNT = sizeof(verbs) / sizeof(verbs[0])
};

static int
unknown_verb(const char *word)
{
	const char *names[VERB_COUNT];
	struct err err;

	for (int i = 0; i < VERB_COUNT; i++)
		names[i] = verbs[i].name;
	const char *nearest = text_nearest(word, names, VERB_COUNT);
	err_set(&err, "'lab' knows no '%s'", word);
	if (nearest != NULL)
		err_hint(&err, "did you mean 'faultline lab %s'?", nearest);
	return command_usage(&command_lab, &err);
}

static int
lab_command(int argc, char **argv)
{
	struct err err = {0};

	settings = (struct settings){.count = 5};
	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_lab, &err);
	if (settings.help)
		return command_help(&command_lab, rows);
	if (argc < 2)
		return wrong_words("up, down, status, exec or ssh");
	if (settings.name != NULL && !lab_name_check(settings.name, &err))
		return command_usage(&command_lab, &err);
	for (int i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].main(argc - 2, argv + 2);
	return unknown_verb(argv[1]);
}

const struct command command_lab = {
	.name = "lab",
	.arguments = "up [-n N] | down | status | exec HOST [-- COMMAND ...] | "
		     "ssh HOST [-- COMMAND ...]",
	.summary = "local hosts in namespaces, each with an SSH server",
	.main = lab_command,
};
