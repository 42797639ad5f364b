/* Locks and semaphores fed while a history grows. */
#include "checkers/generate/generate.h"
#include "tests/checkers/online_feed.h"
#include "tests/checkers/online_typed.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct check_options plain_check = {
	.threads = 1, .no_certify = true, .budget = {.bytes_max = 64 << 20}};

/* Acquires and releases that fail say nothing: falsified ones succeed. */
static void
locks_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	static const char *const models[] = {NULL, "mutex", "reentrant"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct online_options options = {.is_mutex = i == 1,
						 .is_reentrant = i == 2};
		struct check_options check = plain_check;
		check.model = models[i];
		online_compare_typed("lock", &typed_lock, true, &options, &check, true,
				     100);
	}
}

/* Complete but for tokens of what took effect before it ended: where anybody may release, a
 * few are left to the end. */
static void
tokens_are_never_blamed_wrongly(void **state)
{
	static const char *const models[] = {NULL, "mutex", "reentrant"};
	static const int found_percent[] = {99, 90, 99};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct online_options options = {.is_mutex = i == 1,
						 .is_reentrant = i == 2};
		struct check_options check = plain_check;
		check.model = models[i];
		online_compare_typed("fenced-lock", &typed_fenced_lock, true, &options,
				     &check, false, found_percent[i]);
	}
}

static void
semaphores_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	const struct online_options options = {.init = val_small(2)};
	struct check_options check = plain_check;

	(void)state;
	check.init = val_small(2);
	online_compare_typed("semaphore", &typed_semaphore, true, &options, &check, true,
			     100);
}

/* ---- semaphores of any size, played with random timing ---- */

enum {
	PLAYERS = 6,
	MOST_MAX = 6, /* permits */
};

struct game {
	struct history *history;
	struct rng *rng;
	uint32_t players, most, out, position;
	struct player {
		bool is_open, is_done, is_acquire;
		uint32_t permits, began, process;
	} of[PLAYERS];
};

static void
play_begin(struct game *game, struct player *player)
{
	*player =
		(struct player){.process = player->process,
				.is_open = true,
				.is_acquire = rng_below(game->rng, 2) == 0,
				.permits = 1 + (uint32_t)rng_below(game->rng, game->most),
				.began = game->position};
}

static void
play_effect(struct game *game, struct player *player)
{
	uint32_t room = player->is_acquire ? game->most - game->out : game->out;

	if (player->is_done || room < player->permits)
		return;
	player->is_done = true;
	game->out += player->is_acquire ? player->permits : 0;
	game->out -= player->is_acquire ? 0 : player->permits;
}

/* One in twenty lies, one in eight does not say. */
static void
play_end(struct game *game, struct player *player, bool is_last)
{
	bool is_ok = player->is_done != (rng_below(game->rng, 20) == 0);
	bool is_info = is_last || rng_below(game->rng, 8) == 0;
	const struct op op = {.invoke_at = player->began,
			      .complete_at = is_info ? OP_NEVER : game->position,
			      .key = val_small(1),
			      .input = val_small(player->permits),
			      .process = player->process * PLAYERS +
					 (uint32_t)(player - game->of),
			      .f = player->is_acquire ? F_ACQUIRE : F_RELEASE,
			      .type = is_info ? OP_INFO
				      : is_ok ? OP_OK
					      : OP_FAIL};

	history_add(game->history, &op);
	player->process += is_info; /* who crashed comes back as another */
	player->is_open = false;
}

static void
play_semaphore(struct history *history, struct rng *rng, uint32_t most)
{
	struct game game = {.history = history,
			    .rng = rng,
			    .players = 2 + (uint32_t)rng_below(rng, PLAYERS - 1),
			    .most = most};
	size_t steps = 8 + rng_below(rng, 50);

	history_init(history);
	for (; game.position < steps; game.position++) {
		struct player *player = &game.of[rng_below(rng, game.players)];
		if (!player->is_open)
			play_begin(&game, player);
		else if (rng_below(rng, 2) == 0)
			play_effect(&game, player);
		else
			play_end(&game, player, false);
	}
	for (uint32_t i = 0; i < game.players; i++)
		if (game.of[i].is_open)
			play_end(&game, &game.of[i], true);
	history_sort(history);
}

static void
semaphores_of_any_size_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	struct online_tally tally = {0};
	size_t count = random_count(ONLINE_HISTORIES);
	struct rng rng;

	(void)state;
	rng_init(&rng, 17);
	for (size_t i = 0; i < count; i++) {
		uint32_t most = 1 + (uint32_t)(i % MOST_MAX);
		const struct online_options options = {.init = val_small(most)};
		struct check_options check = plain_check;
		struct history history;
		check.init = val_small(most);
		play_semaphore(&history, &rng, most);
		online_tally_add(&tally, online_compare("semaphore", &history, &options,
							&check, true));
		history_release(&history);
	}
	online_tally_expect(&tally, "semaphore", count / 20, 100);
}

/* Of one, two or three permits, one of a hundred of unknown outcome: what these may have
 * done must not pile up. */
static void
long_histories_of_semaphores_are_never_given_up(void **state)
{
	const struct generate_options shape = {.type = "semaphore",
					       .operations = 100000,
					       .processes = 10,
					       .keys = 2,
					       .info_percent = 1,
					       .seed = 1};
	const struct online_options options = {.init = val_small(3)};
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_true(generate_history(&history, &shape, &err));
	struct online *online = online_new(online_decider_find("semaphore"), &options);
	assert_int_equal(online_feed(online, &history, 100), -1);
	assert_null(online_gave_up(online));
	online_free(online);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(tokens_are_never_blamed_wrongly),
		cmocka_unit_test(
			semaphores_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(
			semaphores_of_any_size_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(long_histories_of_semaphores_are_never_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
