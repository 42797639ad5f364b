#include "harness/lab/private_lab.h"

#include "harness/lab/lab.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kernel sends DEATH when the main thread of the program that made us has ended. */
enum {
	DEATH = SIGUSR1
};

/* In the guardian: waits for the death of the parent; never returns. */
_Noreturn static void
guard(const char *name, pid_t parent)
{
	sigset_t set;
	struct err ignored;
	int number;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setsid();
	prctl(PR_SET_NAME, "lab-guardian");
	sigemptyset(&set);
	sigaddset(&set, DEATH);
	if (prctl(PR_SET_PDEATHSIG, DEATH) == 0 && getppid() == parent)
		while (sigwait(&set, &number) != 0)
			;
	lab_down(name, &ignored);
	_exit(0);
}

static bool
start_guardian(struct private_lab *lab, struct err *err)
{
	pid_t parent = getpid();

	fflush(NULL);
	lab->guardian = fork();
	if (lab->guardian < 0)
		return err_errno(err, "start the guardian of lab '%s'", lab->name);
	if (lab->guardian == 0)
		guard(lab->name, parent);
	return true;
}

static void
end_guardian(struct private_lab *lab)
{
	kill(lab->guardian, SIGKILL);
	while (waitpid(lab->guardian, NULL, 0) < 0 && errno == EINTR)
		;
}

bool
private_lab_open(struct private_lab *lab, int host_count, struct err *err)
{
	snprintf(lab->name, sizeof(lab->name), "run-%d", (int)getpid());
	if (!start_guardian(lab, err)) {
		lab->name[0] = '\0';
		return false;
	}
	if (lab_up(lab->name, host_count, err))
		return true;
	struct err ignored;
	private_lab_close(lab, &ignored);
	return false;
}

bool
private_lab_close(struct private_lab *lab, struct err *err)
{
	if (lab->name[0] == '\0')
		return true;
	bool ok = lab_down(lab->name, err);
	end_guardian(lab);
	lab->name[0] = '\0';
	return ok;
}
