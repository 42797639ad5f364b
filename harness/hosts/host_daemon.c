#include "harness/hosts/host_private.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What all scripts know: how to tell whether the process of the pidfile is still the one
 * that was started. A zombie does not run. */
static const char runs_script[] =
	"start_of() {\n"
	"	stat=$(cat \"/proc/$1/stat\") || return 1\n"
	"	stat=${stat##*) }\n" /* behind the name, which may hold anything */
	"	case $stat in Z* | X*) return 1 ;; esac\n"
	"	set -- $stat\n"
	"	echo \"${20}\"\n"
	"}\n"
	"runs() {\n"
	"	[ -s pid ] && read -r pid start <pid && now=$(start_of \"$pid\") &&\n"
	"		[ \"$now\" = \"$start\" ]\n"
	"} 2>/dev/null\n"
	"exec 9>lock && flock -w 20 9 || { echo 'the lock is taken' >&2; exit 1; }\n";

/* setsid does not fork here, as a script's background process leads no group: $! is the
 * daemon itself. Every descriptor that it could inherit is closed, or the SSH channel
 * that started it would stay open as long as it runs. */
static const char start_script[] =
	"runs && exit 0\n"
	"command -v \"$1\" >/dev/null || { echo \"there is no program '$1'\" >&2; exit "
	"127; }\n"
	"ulimit -n 65536 2>/dev/null || ulimit -n \"$(ulimit -H -n)\"\n"
	"[ -z \"$user\" ] || set -- setpriv --reuid=\"$user\" \\\n"
	"	--regid=\"$(id -g \"$user\")\" --init-groups \"$@\"\n"
	"setsid \"$@\" </dev/null >>log 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &\n"
	"pid=$!\n"
	"start=$(start_of \"$pid\") || { echo 'it ended at once, see its log' >&2; exit "
	"1; }\n"
	"echo \"$pid $start\" >pid.new && mv -f pid.new pid\n";

/* A stopped process (SIGSTOP) does not see TERM before it goes on. The group is killed
 * too, for what the daemon itself started. */
static const char stop_script[] =
	"wait_for_end() {\n"
	"	tries=$1\n"
	"	while [ \"$tries\" -gt 0 ] && runs; do sleep 0.02; tries=$((tries - 1)); "
	"done\n"
	"}\n"
	"runs || { rm -f pid; exit 0; }\n"
	"kill -TERM \"$pid\"; kill -CONT \"$pid\" 2>/dev/null\n"
	"wait_for_end \"$tries\"\n"
	"kill -s KILL -- \"-$pid\" 2>/dev/null\n"
	"wait_for_end 250\n"
	"runs && { echo \"process $pid does not die\" >&2; exit 1; }\n"
	"rm -f pid\n";

static char *
folder_of(const struct host *host, const char *name)
{
	return mem_format("%s/%s", host->folder, name);
}

static void
start_text(const struct host *host, const struct daemon *daemon, struct buf *text)
{
	char *folder = folder_of(host, daemon->name);

	buf_printf(text,
		   "#!/bin/sh\n# Starts the daemon '%s' unless it runs. Written by "
		   "faultline; root may run it at any time.\ncd ",
		   daemon->name);
	host_quote(text, folder);
	buf_string(text, " || exit 1\nuser=");
	host_quote(text, daemon->user ? daemon->user : "");
	buf_string(text, "\nset --");
	for (const char *const *word = daemon->argv; *word != NULL; word++) {
		buf_char(text, ' ');
		host_quote(text, *word);
	}
	buf_char(text, '\n');
	buf_string(text, runs_script);
	buf_string(text, start_script);
	free(folder);
}

bool
host_daemon_install(struct host *host, const struct daemon *daemon, struct err *err)
{
	struct buf text = {0};
	char *folder = folder_of(host, daemon->name);
	char *start = mem_format("%s/start", folder);

	start_text(host, daemon, &text);
	bool ok = host_exec(host, NULL, HOST_COMMAND_MS, err,
			    "mkdir -p '%s/data' && chown '%s' '%s/data'", folder,
			    daemon->user ? daemon->user : "root", folder) &&
		  host_upload_text(host, buf_text(&text), start, 0755, err);
	buf_release(&text);
	free(start);
	free(folder);
	return ok;
}

/* Runs a script in the daemon's folder; nothing happens when there is no such folder. */
static bool
run_there(struct host *host, const char *verb, const char *name, const char *script,
	  int timeout_ms, struct buf *output, struct err *err)
{
	char *step = mem_format("%s daemon '%s'", verb, name);
	char *whole = mem_format("cd '%s/%s' 2>/dev/null || exit 0\n%s%s", host->folder,
				 name, runs_script, script);
	bool ok = host_script(host, step, whole, timeout_ms, output, err);

	free(whole);
	free(step);
	return ok;
}

bool
host_daemon_start(struct host *host, const char *name, struct err *err)
{
	char *step = mem_format("start daemon '%s'", name);
	char *script = mem_format("'%s/%s/start'", host->folder, name);
	bool ok = host_script(host, step, script, HOST_COMMAND_MS, NULL, err);

	free(script);
	free(step);
	return ok;
}

bool
host_daemon_stop(struct host *host, const char *name, int grace_ms, struct err *err)
{
	char *script = mem_format("tries=%d\n%s", grace_ms / 20, stop_script);
	bool ok = run_there(host, "stop", name, script, grace_ms + HOST_COMMAND_MS, NULL,
			    err);

	free(script);
	return ok;
}

bool
host_daemon_is_running(struct host *host, const char *name, bool *running,
		       struct err *err)
{
	struct buf answer = {0};
	bool ok = run_there(host, "ask for", name, "runs && echo runs\nexit 0\n",
			    HOST_COMMAND_MS, &answer, err);

	*running = strcmp(buf_text(&answer), "runs\n") == 0;
	buf_release(&answer);
	return ok;
}

void
host_daemon_log_tail(struct host *host, const char *name, int lines, struct buf *out)
{
	struct err ignored;

	host_exec(host, out, HOST_COMMAND_MS, &ignored,
		  "tail -n %d '%s/%s/log' 2>/dev/null", lines, host->folder, name);
}

bool
host_daemon_remove(struct host *host, const char *name, struct err *err)
{
	return host_exec(host, NULL, HOST_COMMAND_MS, err, "rm -rf '%s/%s'", host->folder,
			 name);
}
