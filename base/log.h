/* log.h - what the program says while it works: lines with a level, to standard error.
 *
 * Thread-safe. While a status line is on the terminal (log_status) a log line is written
 * above it. Verdicts and answers go to standard output and are no log. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_ERROR = 0,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG
};

/* Lines above this level are dropped. LOG_INFO at start. */
void log_set_level(enum log_level level);

/* Writes all lines (also the dropped ones) to a file too; NULL ends it. The file is
 * borrowed: it must outlive the log. */
void log_set_file(void *stdio_file);

/* Puts date and time (UTC) in front of each line on standard error, for daemons. */
void log_set_timestamps(bool on);

void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/* Shows one status line that replaces the one before; "" takes it away. Does nothing
 * when standard error is no terminal. */
void log_status(const char *text);
bool log_is_terminal(void);

#endif
