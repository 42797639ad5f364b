/* What people write by hand: hosts, command lines, durations, sizes. */
#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "base/options.h"
#include "harness/hosts/inventory.h"
#include "systems/base64.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void hostile_inventory(const char *argument, struct bytes input);
void hostile_words(const char *argument, struct bytes input);
void hostile_options(const char *argument, struct bytes input);

/* The first line as a list, the whole as a file. */
void
hostile_inventory(const char *argument, struct bytes input)
{
	struct inventory inventory = {0};
	char path[64];
	struct err err = {0};
	int fd = hostile_file(input, path, sizeof(path));

	(void)argument;
	char *list = hostile_line(&input);
	ASSERT(inventory_add_list(&inventory, list, &err) || err.text[0] != '\0');
	ASSERT(inventory_read(&inventory, path, &err) || err.text[0] != '\0');
	ASSERT(inventory.hosts.count <= INVENTORY_HOSTS_MAX);
	vec_each (struct inventory_host, host, &inventory.hosts)
		ASSERT(host->name[0] != '\0' && host->port >= 0 && host->port <= 65535);
	inventory_release(&inventory);
	free(list);
	close(fd);
}

static void
read_word(const char *word)
{
	struct strings parts = {0};
	struct buf bytes = {0}, again = {0};
	int64_t number;
	uint64_t size;
	double real;
	char text[64];
	struct err err;

	if (text_int(word, -9, INT64_MAX, &number, &err))
		ASSERT(number >= -9);
	if (text_real(word, 0, 1e9, &real, &err))
		ASSERT(real >= 0 && real <= 1e9);
	if (text_duration(word, &number, &err))
		ASSERT(number >= 0 && text_ns(number, text, sizeof(text)) != NULL);
	if (text_size(word, &size, &err))
		text_count(size, text, sizeof(text));
	strings_split(&parts, word, ',');
	text_nearest(word, (const char *const[]){"register", "set-full", ""}, 3);
	if (base64_decode(&bytes, word))
		base64_encode(&again, buf_bytes(&bytes));
	strings_release(&parts);
	buf_release(&bytes);
	buf_release(&again);
}

/* A word a line. */
void
hostile_words(const char *argument, struct bytes input)
{
	(void)argument;
	while (input.len > 0) {
		char *word = hostile_line(&input);
		read_word(word);
		free(word);
	}
}

enum {
	WORDS_MAX = 32
};

static void
parse(int count, char **words)
{
	struct {
		bool flag;
		const char *text;
		struct strings texts;
		int64_t number, duration;
		uint64_t size;
		double real;
	} to = {0};
	const struct option_row rows[] = {
		{"flag", 'f', OPTION_FLAG, &to.flag, NULL, "yes"},
		{"text", 't', OPTION_TEXT, &to.text, "TEXT", "a text"},
		{"texts", 0, OPTION_TEXTS, &to.texts, "TEXT", "many"},
		{"number", 'n', OPTION_INT, &to.number, "N", "a number"},
		{"time", 0, OPTION_DURATION, &to.duration, "TIME", "a time"},
		{"size", 's', OPTION_SIZE, &to.size, "SIZE", "a size"},
		{"real", 0, OPTION_REAL, &to.real, "X", "a real"},
		{0}};
	struct err err = {0};

	if (!options_parse(rows, &count, &words, &err))
		ASSERT(err.text[0] != '\0');
	ASSERT(to.number >= 0 && to.duration >= 0 && to.real >= 0);
	strings_release(&to.texts);
}

/* A command line, a word a line. */
void
hostile_options(const char *argument, struct bytes input)
{
	char program[] = "faultline";
	char *words[WORDS_MAX + 1] = {program}, *shuffled[WORDS_MAX + 1];
	int count = 1;

	(void)argument;
	while (input.len > 0 && count < WORDS_MAX)
		words[count++] = hostile_line(&input);
	memcpy(shuffled, words, sizeof(words));
	parse(count, shuffled);
	for (int i = 1; i < count; i++)
		free(words[i]);
}
