#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static enum log_level level_shown = LOG_INFO;
static FILE *file;
static char status[512];
static bool timestamps;

void
log_set_level(enum log_level level)
{
	pthread_mutex_lock(&mutex);
	level_shown = level;
	pthread_mutex_unlock(&mutex);
}

void
log_set_file(void *stdio_file)
{
	pthread_mutex_lock(&mutex);
	file = stdio_file;
	pthread_mutex_unlock(&mutex);
}

void
log_set_timestamps(bool on)
{
	pthread_mutex_lock(&mutex);
	timestamps = on;
	pthread_mutex_unlock(&mutex);
}

bool
log_is_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

static int
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20)
		return size.ws_col;
	return 80;
}

static void
show_status(void)
{
	if (status[0] != '\0' && log_is_terminal())
		fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, status);
}

static void
hide_status(void)
{
	if (status[0] != '\0' && log_is_terminal())
		fputs("\r\033[K", stderr);
}

static void
write_timestamp(void)
{
	struct timespec now;
	struct tm utc;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc);
	fprintf(stderr, "%s.%03ld ", text, now.tv_nsec / 1000000);
}

static void
write_to_file(enum log_level level, const char *text)
{
	static const char *const names[] = {"error", "warn", "info", "debug"};
	struct timespec now;
	struct tm utc;
	char time_text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(time_text, sizeof(time_text), "%H:%M:%S", &utc);
	fprintf(file, "%s.%03ld %-5s %s\n", time_text, now.tv_nsec / 1000000,
		names[level], text);
	fflush(file);
}

void
log_line(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {"error: ", "warning: ", "", ""};
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pthread_mutex_lock(&mutex);
	if (file != NULL)
		write_to_file(level, text);
	if (level <= level_shown) {
		hide_status();
		if (timestamps)
			write_timestamp();
		fprintf(stderr, "%s%s\n", prefixes[level], text);
		show_status();
	}
	pthread_mutex_unlock(&mutex);
}

void
log_status(const char *text)
{
	pthread_mutex_lock(&mutex);
	if (text[0] == '\0')
		hide_status();
	snprintf(status, sizeof(status), "%s", text);
	show_status();
	pthread_mutex_unlock(&mutex);
}
