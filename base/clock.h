/* clock.h - the monotonic clock, deadlines, and the wall clock for labels only. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define NS_PER_MS ((int64_t)1000000)
#define NS_PER_S  ((int64_t)1000000000)

/* Monotonic nanoseconds since some fixed moment. */
int64_t clock_ns(void);

/* Milliseconds left until the monotonic moment `deadline_ns`; 0 when it has passed. */
int clock_left_ms(int64_t deadline_ns);

/* Sleeps until the monotonic moment, or returns at once. */
void clock_sleep_until(int64_t moment_ns);
void clock_sleep_ms(int ms);

/* Wall clock as 20261121T051403.123 (UTC) for folder names, and in Unix milliseconds. */
void clock_label(char *text, size_t bytes);
int64_t clock_unix_ms(void);

#endif
