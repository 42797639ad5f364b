#include "tests/checkers/script.h"

#include "base/assert.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct player {
	struct history *history;
	const char *at;
	val key;
	struct op open[64]; /* by process: its open operation */
};

static long
number(struct player *player)
{
	char *end;
	long value = strtol(player->at, &end, 10);

	ASSERT(end != player->at);
	player->at = end;
	return value;
}

static void
skip_spaces(struct player *player)
{
	while (*player->at == ' ')
		player->at++;
}

static val
list(struct player *player)
{
	val items[64];
	size_t count = 0;

	player->at++;
	for (skip_spaces(player); *player->at != ']'; skip_spaces(player)) {
		ASSERT(count < 64);
		items[count++] = val_small(number(player));
	}
	player->at++;
	return val_list(&player->history->values, items, count);
}

static void
invoke(struct player *player, uint32_t process)
{
	static const char letters[] = "wrca";
	static const uint16_t fs[] = {F_WRITE, F_READ, F_CAS, F_ADD};
	struct op op = {.process = process, .key = player->key};
	const char *letter = strchr(letters, *player->at++);
	struct err err;

	ASSERT(letter != NULL);
	op.f = fs[letter - letters];
	op.invoke_ns = player->history->events * (int64_t)1000000;
	if (op.f == F_WRITE || op.f == F_ADD)
		op.input = val_small(number(player));
	if (op.f == F_CAS) {
		val expected = val_small(number(player));
		player->at++;
		op.input = val_pair(&player->history->values, expected,
				    val_small(number(player)));
	}
	ASSERT(history_invoke(player->history, &op, &err));
	player->open[process] = op;
}

static bool
word(struct player *player, const char *expected)
{
	size_t length = strlen(expected);

	if (strncmp(player->at, expected, length) != 0)
		return false;
	player->at += length;
	return true;
}

static void
complete(struct player *player, uint32_t process)
{
	struct op op = player->open[process];
	struct err err;

	op.type = OP_OK;
	op.complete_ns = player->history->events * (int64_t)1000000;
	if (word(player, "fail!")) {
		op.type = OP_FAIL;
		op.error = history_error_id(player->history, "refused");
	} else if (word(player, "fail")) {
		op.type = OP_FAIL;
	} else if (word(player, "?")) {
		op.type = OP_INFO;
	} else if (!word(player, "ok") && !word(player, "nil")) {
		op.output = *player->at == '[' ? list(player) : val_small(number(player));
	}
	ASSERT(history_complete(player->history, &op, &err));
}

void
script_play(struct history *history, const char *script)
{
	struct player player = {.history = history, .at = script};

	history_init(history);
	for (skip_spaces(&player); *player.at != '\0'; skip_spaces(&player)) {
		if (*player.at == '@') {
			player.at++;
			player.key = val_small(number(&player));
			continue;
		}
		uint32_t process = (uint32_t)number(&player);
		ASSERT(process < 64);
		char sign = *player.at++;
		ASSERT(sign == '+' || sign == '=');
		if (sign == '+')
			invoke(&player, process);
		else
			complete(&player, process);
	}
}
