#!/bin/sh
# fuzz.sh [SECONDS] [TARGET...] - lets libFuzzer look for bytes that break a parser or a
# checker (tests/hostile/hostile.def), so many seconds each (60), all targets when none is
# named. Needs clang and libclang-rt. What was found stays in build/fuzz/found/TARGET/; a line
# a target is appended to build/fuzz/log: executions, edges covered, findings.
set -eu
cd "$(dirname "$0")/.."

seconds=${1:-60}
[ "$seconds" -gt 0 ] || { echo "fuzz.sh: '$seconds' is no number of seconds" >&2; exit 254; }
[ $# = 0 ] || shift
build=build/fuzz
# NULL + 0 is what an empty vec begins and ends with.
sanitize="-fsanitize=address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=undefined"
rooms="base reference/protocol reference/service reference/node systems chaos/agent harness checkers results"

compile() { # the archives and the targets by make, the entry by hand
	archives=$build/tests-support.a
	for room in $rooms; do
		archives="$archives $build/$(echo "$room" | tr / -).a"
	done
	# shellcheck disable=SC2086 # lists of words
	make -j2 BUILD=$build FLAVOUR=fuzz CC=clang \
		WARN= CFLAGS="-O1 -g $sanitize -fsanitize=fuzzer-no-link" $archives
	# shellcheck disable=SC2086
	clang -std=gnu11 -D_GNU_SOURCE -I. -g -O1 $sanitize -fsanitize=fuzzer -pthread \
		tests/fuzz/libfuzzer.c -Wl,--start-group $archives -Wl,--end-group \
		-lssh -lsqlite3 -lcurl -lhiredis -ljansson -llua5.4 -lm -ldl -lrt -luv -o $build/libfuzzer
}

seeds() { # seeds TARGET: copies its seeds to where the fuzzer adds its own
	mkdir -p "$build/corpus/$1" "$build/found/$1"
	pattern=$(sed -n "s/^TARGET(\"$1\", .*\"\(tests[^\"]*\)\")\$/\1/p" tests/hostile/hostile.def)
	for file in tests/hostile/inputs/"$1"/* \
		$(echo "$pattern" | sed 's/\(.*\){\(.*\),\(.*\)}/\1\2 \1\3/'); do
		[ ! -f "$file" ] || cp "$file" "$build/corpus/$1/"
	done
}

fuzz() { # fuzz TARGET
	seeds "$1"
	rm -f "$build/found/$1"/*
	FAULTLINE_FUZZ=$1 nice -n 19 $build/libfuzzer -max_total_time="$seconds" -max_len=16384 \
		-timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$build/found/$1/" "$build/corpus/$1" > "$build/$1.out" 2>&1 ||
		echo "$1: stopped; see $build/$1.out"
	executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$1.out")
	edges=$(grep -o 'cov: [0-9]*' "$build/$1.out" | tail -n 1)
	echo "$1 ${seconds}s executions=${executions:-?} edges=${edges#cov: }" \
		"findings=$(find "$build/found/$1" -type f | wc -l)" | tee -a $build/log
}

compile
# shellcheck disable=SC2046 # a list of words
[ $# -gt 0 ] || set -- $(sed -n 's/^TARGET("\([^"]*\)".*/\1/p' tests/hostile/hostile.def)
for target; do
	fuzz "$target"
done
