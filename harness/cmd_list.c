/* cmd_list.c - `faultline list`: what there is to choose from. */
#include "chaos/fault.h"
#include "checkers/checker.h"
#include "harness/command.h"
#include "reference/protocol/protocol.h"
#include "results/formats/reader.h"
#include "workloads/workload.h"

#include <stdio.h>
#include <string.h>

static int list_main(int argc, char **argv);

const struct command command_list = {
	"list", "[systems|workloads|faults|checkers|formats|bugs ...]",
	"what there is to choose from", list_main};

static void
print_row(const char *name, const char *summary)
{
	printf("  %-22s %s\n", name, summary);
}

/* The workloads whose operations the system has. */
static void
print_fitting_workloads(const struct system *system)
{
	size_t count;
	const struct workload *const *workloads = workloads_all(&count);

	printf("  %-22s workloads:", "");
	for (size_t i = 0; i < count; i++)
		if ((workloads[i]->supports & ~system->supports) == 0)
			printf(" %s", workloads[i]->name);
	printf("\n");
}

static void
list_systems(void)
{
	size_t count;
	const struct system *const *systems = systems_all(&count);

	for (size_t i = 0; i < count; i++) {
		print_row(systems[i]->name, systems[i]->summary);
		print_fitting_workloads(systems[i]);
	}
}

static void
list_workloads(void)
{
	size_t count;
	const struct workload *const *workloads = workloads_all(&count);

	for (size_t i = 0; i < count; i++)
		print_row(workloads[i]->name, workloads[i]->summary);
}

static void
list_faults(void)
{
	size_t count;
	const struct fault *const *faults = faults_all(&count);

	for (size_t i = 0; i < count; i++) {
		print_row(faults[i]->name, faults[i]->summary);
		printf("  %-22s targets:", "");
		for (const char *const *target = faults[i]->targets; *target != NULL;
		     target++)
			printf(" %s", *target);
		printf("\n");
	}
}

static void
list_checkers(void)
{
	size_t count;
	const struct checker *const *checkers = checkers_all(&count);

	for (size_t i = 0; i < count; i++)
		print_row(checkers[i]->name, checkers[i]->summary);
}

static void
list_formats(void)
{
	size_t count;
	const struct format *const *formats = formats_all(&count);

	for (size_t i = 0; i < count; i++) {
		print_row(formats[i]->name, formats[i]->summary);
		printf("  %-22s a read of nil: %s; %s\n", "",
		       formats[i]->nil_is_unknown ? "taught nothing"
						  : "the initial value",
		       formats[i]->write != NULL ? "read and written" : "read only");
	}
}

static void
list_bugs(void)
{
	for (int i = 1; i < BUG_COUNT; i++)
		print_row(bug_table[i].name, bug_table[i].story);
}

static const struct topic {
	const char *name;
	void (*print)(void);
} topics[] = {
	{"systems", list_systems}, {"workloads", list_workloads},
	{"faults", list_faults},   {"checkers", list_checkers},
	{"formats", list_formats}, {"bugs", list_bugs},
};
enum {
	TOPIC_COUNT = sizeof(topics) / sizeof(topics[0])
};

static const struct topic *
find_topic(const char *word, struct err *err)
{
	const char *names[TOPIC_COUNT];

	for (size_t i = 0; i < TOPIC_COUNT; i++) {
		if (strcmp(topics[i].name, word) == 0)
			return &topics[i];
		names[i] = topics[i].name;
	}
	const char *nearest = text_nearest(word, names, TOPIC_COUNT);
	err_set(err, "there is no list of '%s'", word);
	if (nearest != NULL)
		err_hint(err, "did you mean '%s'?", nearest);
	return NULL;
}

static void
print_topic(const struct topic *topic)
{
	printf("%s\n", topic->name);
	topic->print();
}

static int
list_main(int argc, char **argv)
{
	bool help = false;
	const struct option_row rows[] = {
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"}, {0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_list, &err);
	if (help)
		return command_help(&command_list, rows);
	for (int i = 1; i < argc; i++)
		if (find_topic(argv[i], &err) == NULL)
			return command_usage(&command_list, &err);
	for (size_t i = 0; argc == 1 && i < TOPIC_COUNT; i++)
		print_topic(&topics[i]);
	for (int i = 1; i < argc; i++)
		print_topic(find_topic(argv[i], &err));
	return EXIT_VALID;
}
