#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

int64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int
clock_left_ms(int64_t deadline_ns)
{
	int64_t left = deadline_ns - clock_ns();

	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

void
clock_sleep_until(int64_t moment_ns)
{
	struct timespec moment = {.tv_sec = moment_ns / NS_PER_S,
				  .tv_nsec = moment_ns % NS_PER_S};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) == EINTR)
		;
}

void
clock_sleep_ms(int ms)
{
	clock_sleep_until(clock_ns() + ms * NS_PER_MS);
}

int64_t
clock_unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000 + now.tv_nsec / NS_PER_MS;
}

void
clock_label(char *text, size_t bytes)
{
	int64_t ms = clock_unix_ms();
	time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	char day[32];

	gmtime_r(&seconds, &utc);
	strftime(day, sizeof(day), "%Y%m%dT%H%M%S", &utc);
	snprintf(text, bytes, "%s.%03d", day, (int)(ms % 1000));
}
