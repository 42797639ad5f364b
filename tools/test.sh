#!/bin/sh
# test.sh PROGRAM... - runs test programs one after the other, each with a time limit, and
# sums up. A line a program; the output of one that failed is shown whole. Skipped tests are
# listed with their reason. Begins and ends by looking for leftovers of labs.
set -u

limit=${TEST_LIMIT_SECONDS:-240}
top=$(dirname "$0")/..
passed=0 failed=0 skipped=0
output=$(mktemp)
reasons=$(mktemp)
trap 'rm -f "$output" "$reasons"' EXIT

count() { # count STATE: the number in cmocka's closing line of that state
	sed -n "s/^\[  $1 *\] \([0-9]*\) test.*/\1/p" "$output" | tail -n 1 | grep . || echo 0
}

leftovers() {
	[ "$(id -u)" = 0 ] || return 0
	if ! "$top/tools/leftovers.sh" > "$output" 2>&1; then
		cat "$output"
		echo "FAILED  leftovers $1 the tests"
		failed=$((failed + 1))
	fi
}

[ "$(id -u)" = 0 ] || echo "not root: tests that need the lab (namespaces) are skipped"
leftovers before
for program in "$@"; do
	name=${program#*/tests/}
	started=$(date +%s.%N)
	timeout -k 10 "$limit" "$program" > "$output" 2>&1
	code=$?
	seconds=$(echo "$(date +%s.%N) $started" | awk '{printf "%.1f", $1 - $2}')
	ok=$(count PASSED) bad=$(count FAILED) left_out=$(count SKIPPED)
	if [ "$code" != 0 ] && [ "$bad" = 0 ]; then
		bad=1
	fi
	passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left_out))
	sed -n 's/^skip: /  skipped: /p' "$output" >> "$reasons"
	if [ "$code" = 0 ]; then
		printf '%-36s %4d passed%s  %5s s\n' "$name" "$ok" \
			"$([ "$left_out" = 0 ] || echo ", $left_out skipped")" "$seconds"
	else
		cat "$output"
		[ "$code" != 124 ] || echo "$name did not end within $limit s"
		printf '%-36s FAILED (exit code %d)  %5s s\n' "$name" "$code" "$seconds"
	fi
done
leftovers after
sort -u "$reasons"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
