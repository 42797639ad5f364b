/* test_agent_deaths.c - agent, guardian and controller may die in any way: everything is
 * healed, and nothing is left. */
#include "base/clock.h"
#include "base/file.h"
#include "tests/chaos/agent_world.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- everybody may die ----------------------------------------------------------- */

static void
inject_all(const char *lease_ms)
{
	world_write_daemon();
	world_start_agent(lease_ms);
	world_cut();
	world_pause();
}

static void
the_end_of_the_input_heals_everything(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	close(world_agent.input);
	world_agent.input = -1;
	assert_true(agent_process_await_eof(&world_agent, SOON_MS));
	assert_true(world_within(SOON_MS, world_is_healed));
}

static void
a_signal_to_end_heals_everything(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(world_agent.pid, SIGTERM);
	assert_true(agent_process_await_eof(&world_agent, SOON_MS));
	assert_true(world_within(SOON_MS, world_is_healed));
}

static void
silence_of_the_controller_heals_everything_at_the_end_of_the_lease(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("500");
	int64_t start = clock_ns();
	assert_true(world_within(SOON_MS, world_hears_peers));
	assert_true(world_within(SOON_MS, world_daemon_runs));
	assert_true(clock_ns() - start < 1500 * NS_PER_MS);
	world_ask("beat");
	assert_int_equal(world_replied("faults"), 0);
	assert_int_equal(world_replied("lapsed"), 2);
	assert_true(world_has_no_table());
}

static void
the_guardian_heals_when_the_agent_is_killed(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(world_agent.pid, SIGKILL);
	assert_true(world_within(SOON_MS, world_is_healed));
}

static void
the_guardian_starts_what_was_killed(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_write_daemon();
	world_start_agent("8000");
	world_ask("kill 3 store");
	kill(world_agent.pid, SIGKILL);
	assert_true(world_within(SOON_MS, world_is_healed));
}

static void
without_agent_and_guardian_the_kernel_ends_the_cut(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_start_agent("1000");
	world_cut();
	kill(agent_process_guardian(&world_agent), SIGKILL);
	kill(world_agent.pid, SIGKILL);
	assert_true(world_hears_no_peer());
	assert_true(world_within(1500, world_hears_peers));
	assert_true(world_table_stands()); /* it was the timeout, not we */
}

static void
the_next_agent_undoes_what_dead_ones_left(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent_process_guardian(&world_agent), SIGKILL);
	agent_process_end(&world_agent);
	assert_true(world_table_stands() && !world_daemon_runs());
	world_start_agent("8000");
	world_ask("hello");
	assert_int_equal(world_replied("replayed"), 3); /* the table and two processes */
	assert_true(world_hears_peers() && world_daemon_runs());
	world_ask("bye");
	assert_true(world_within(SOON_MS, world_is_healed));
}

static void
without_a_guardian_nothing_stays_in_force(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent_process_guardian(&world_agent), SIGKILL);
	int64_t deadline = clock_ns() + SOON_MS * NS_PER_MS;
	while (agent_process_ask(&world_agent, "beat") && clock_left_ms(deadline) > 0)
		;
	assert_non_null(strstr(buf_text(&world_agent.reply), "guardian"));
	assert_true(world_hears_peers() && world_daemon_runs());
	world_refused("cut 5 127.0.0.9", "guardian");
}

static void
heal_takes_off_what_a_living_agent_holds(void **state)
{
	char command[400];

	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	world_run("nft add table inet faultline_of_nobody");
	snprintf(command, sizeof(command), "%s --heal --state %s --daemons %s",
		 agent_process_path(), world_state_folder, world_daemons_folder);
	world_run(command);
	assert_true(world_is_healed());
	assert_true(system("nft list table inet faultline_of_nobody 2>/dev/null") != 0);
	assert_true(agent_process_await_eof(&world_agent, SOON_MS));
	world_run(command); /* nothing to heal is no error */
}

static void
nobodys_firewall_is_touched(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_run("nft add table inet theirs; nft add chain inet theirs c "
		  "'{ type filter hook input priority 0; }'; nft add rule inet theirs c "
		  "accept");
	inject_all("8000");
	world_ask("heal-all");
	world_ask("bye");
	world_run("nft list table inet theirs | grep -q accept");
	world_run("nft delete table inet theirs");
}

static void
an_endless_line_ends_the_session_healed(void **state)
{
	static char junk[65536];

	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	memset(junk, 'x', sizeof(junk));
	file_write_all(world_agent.input, junk, sizeof(junk));
	assert_true(agent_process_await_eof(&world_agent, SOON_MS));
	assert_true(world_within(SOON_MS, world_is_healed));
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_end_of_the_input_heals_everything),
		WORLD_TEST(a_signal_to_end_heals_everything),
		WORLD_TEST(
			silence_of_the_controller_heals_everything_at_the_end_of_the_lease),
		WORLD_TEST(the_guardian_heals_when_the_agent_is_killed),
		WORLD_TEST(the_guardian_starts_what_was_killed),
		WORLD_TEST(without_agent_and_guardian_the_kernel_ends_the_cut),
		WORLD_TEST(the_next_agent_undoes_what_dead_ones_left),
		WORLD_TEST(without_a_guardian_nothing_stays_in_force),
		WORLD_TEST(heal_takes_off_what_a_living_agent_holds),
		WORLD_TEST(nobodys_firewall_is_touched),
		WORLD_TEST(an_endless_line_ends_the_session_healed),
	};

	return cmocka_run_group_tests(tests, world_make_network, NULL);
}
