#include "harness/run/interrupt.h"

#include "base/file.h"
#include "base/log.h"
#include "harness/command.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_bool came;

static void
watched_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

/* Signals are blocked everywhere and waited for here, so that no system call of a client
 * is interrupted by them. */
static void *
wait_for_signals(void *context)
{
	static const char words[] = "\nfaultline: stopped at once\n";
	sigset_t set;
	int number;

	(void)context;
	watched_signals(&set);
	while (sigwait(&set, &number) == 0) {
		if (atomic_exchange(&came, true)) {
			(void)file_write_all(STDERR_FILENO, words, sizeof(words) - 1);
			_exit(EXIT_BROKEN);
		}
		log_warn("%s: stopping; once more ends at once",
			 number == SIGINT ? "interrupted" : strsignal(number));
	}
	return NULL;
}

bool
interrupt_open(struct err *err)
{
	static bool is_open;
	pthread_t thread;
	sigset_t set;

	if (is_open)
		return true;
	/* A limit on file sizes is an error of the write, not a death. */
	signal(SIGXFSZ, SIG_IGN);
	watched_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	int code = pthread_create(&thread, NULL, wait_for_signals, NULL);
	if (code != 0)
		return err_set(err, "watch signals: start a thread: %s", strerror(code));
	pthread_detach(thread);
	is_open = true;
	return true;
}

bool
interrupt_came(void)
{
	return atomic_load(&came);
}
