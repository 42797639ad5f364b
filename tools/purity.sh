#!/bin/sh
# purity.sh BUILD - the undefined symbols of pure rooms must not be able to read a clock, do
# I/O or take random numbers that nobody handed in.
set -u
build=$1
impure='^(open|openat|read|write|pread|pwrite|close|socket|connect|send|recv|poll|select|fopen|fdopen|fread|fwrite|fputs|puts|putchar|printf|fprintf|vfprintf|dprintf|perror|time|gettimeofday|clock|clock_gettime|nanosleep|usleep|sleep|rand|srand|random|srandom|drand48|lrand48|arc4random|getrandom|getenv|system|popen|fork|execve?|execvp|signal|kill|getpid|clock_ns|clock_unix_ms|clock_label|clock_left_ms|clock_sleep_ms|clock_sleep_until|file_[a-z_]*|child_run|log_line|log_status)$'
bad=0
check() { # check NAME OBJECT...
	name=$1
	shift
	found=$(nm -u "$@" 2>/dev/null | awk '$1 == "U" {print $2}' | sed 's/@.*//' | sort -u |
		grep -E "$impure")
	[ -z "$found" ] || { echo "$name is not pure: it uses" $found; bad=1; }
}
check reference/protocol "$build/reference-protocol.a"
check reference/service "$build/reference-service.a"
check reference/sim "$build/reference-sim.a"
check checkers "$build/checkers.a"
check workloads/generator "$build"/workloads/gen*.o
check chaos/schedule "$build"/chaos/schedule.o "$build"/chaos/grudge.o
exit "$bad"
