/* cmd_generate.c - `faultline generate`: histories for benches and for writers of checkers. */
#include "base/file.h"
#include "checkers/generate/generate.h"
#include "harness/command.h"
#include "results/formats/reader.h"

#include <stdio.h>
#include <string.h>

static int generate_main(int argc, char **argv);

const struct command command_generate = {
	"generate", "--type TYPE [OPTIONS]",
	"write a history from a seed, valid or invalid on purpose", generate_main};

struct settings {
	const char *type, *mutate, *format, *output;
	int64_t operations, processes, keys, info, fail, seed;
	bool help;
};

static void
print_types(void)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	printf("\ntypes, and what --mutate can plant in them:\n");
	for (size_t i = 0; i < count; i++) {
		const struct generate_mutation *mutations = types[i]->mutations;
		printf("  %-18s %s\n  %-18s ", types[i]->name, types[i]->summary, "");
		for (size_t j = 0; mutations[j].name != NULL; j++)
			printf("%s%s", j > 0 ? ", " : "", mutations[j].name);
		printf("\n");
	}
}

static bool
write_to(const struct format *format, const struct history *history, const char *path,
	 struct err *err)
{
	FILE *to = path != NULL ? fopen(path, "we") : stdout;

	if (to == NULL)
		return err_errno(err, "open '%s'", path);
	bool ok = format->write(history, to) && fflush(to) == 0 && !ferror(to);
	if (!ok)
		err_errno(err, "write the history");
	if (path != NULL && fclose(to) != 0 && ok)
		ok = err_errno(err, "close '%s'", path);
	return ok;
}

static bool
is_32_bits(int64_t number, const char *option, struct err *err)
{
	return number < UINT32_MAX ||
	       err_set(err, "--%s %lld is too large", option, (long long)number);
}

static bool
parse_settings(const struct settings *s, struct generate_options *options,
	       const struct format **format, struct err *err)
{
	if (s->type == NULL) {
		err_set(err, "which type of history?");
		return err_hint(err, "name it with --type; --help shows all");
	}
	if (!is_32_bits(s->processes, "processes", err) ||
	    !is_32_bits(s->keys, "keys", err) || !is_32_bits(s->info, "info", err) ||
	    !is_32_bits(s->fail, "fail", err))
		return false;
	*options = (struct generate_options){
		.type = s->type,
		.mutate = s->mutate,
		.operations = (uint64_t)s->operations,
		.processes = (uint32_t)s->processes,
		.keys = (uint32_t)s->keys,
		.info_percent = s->info > 100 ? 101 : (int)s->info,
		.fail_percent = s->fail > 100 ? 101 : (int)s->fail,
		.seed = (uint64_t)s->seed};
	*format = format_find(s->format, err);
	if (*format == NULL)
		return false;
	return (*format)->write != NULL ||
	       err_set(err, "the format '%s' is only read", s->format);
}

static int
generate_and_write(const struct settings *s)
{
	struct generate_options options;
	const struct format *format = NULL;
	struct history history;
	struct err err;
	int code = EXIT_VALID;

	if (!parse_settings(s, &options, &format, &err))
		return command_usage(&command_generate, &err);
	history_init(&history);
	if (!generate_history(&history, &options, &err))
		code = command_usage(&command_generate, &err);
	else if (!write_to(format, &history, s->output, &err))
		code = command_broke(&err);
	history_release(&history);
	return code;
}

static int
generate_main(int argc, char **argv)
{
	struct settings s = {.operations = 1000, .format = "jsonl", .seed = 1};
	const struct option_row rows[] = {
		{"type", 't', OPTION_TEXT, &s.type, "NAME", "of the history, see below"},
		{"mutate", 'm', OPTION_TEXT, &s.mutate, "NAME",
		 "make it invalid this way, or 'any' [valid]"},
		{"operations", 'n', OPTION_INT, &s.operations, "N", "[1000]"},
		{"processes", 'p', OPTION_INT, &s.processes, "N", "clients at once [5]"},
		{"keys", 'k', OPTION_INT, &s.keys, "N", "[1; transactions: 5]"},
		{"info", 'i', OPTION_INT, &s.info, "PERCENT",
		 "operations of unknown outcome [0]"},
		{"fail", 0, OPTION_INT, &s.fail, "PERCENT",
		 "operations that are refused and have no effect [0]"},
		{"seed", 's', OPTION_INT, &s.seed, "N", "same seed, same history [1]"},
		{"format", 'f', OPTION_TEXT, &s.format, "NAME", "jsonl or edn [jsonl]"},
		{"output", 'o', OPTION_TEXT, &s.output, "FILE", "[standard output]"},
		{"help", 'h', OPTION_FLAG, &s.help, NULL, "show this"},
		{0}};
	struct err err;

	if (!options_parse(rows, &argc, &argv, &err))
		return command_usage(&command_generate, &err);
	if (argc > 1) {
		err_set(&err, "unexpected word '%s'", argv[1]);
		return command_usage(&command_generate, &err);
	}
	if (!s.help)
		return generate_and_write(&s);
	int code = command_help(&command_generate, rows);
	print_types();
	return code;
}
