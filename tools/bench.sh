#!/bin/sh
# bench.sh - what is fast and what is not: the harness alone, the lab, the store beside etcd on
# the same hosts, the checkers. Figures of one machine; ratios travel better. About five minutes.
set -u
cd "$(dirname "$0")/.." || exit 255
build=${FAULTLINE_BUILD:-build/release}
faultline=$build/faultline
runs=$(mktemp -d)
trap '"$faultline" lab down --name bench > "$runs/down" 2>&1; rm -rf "$runs"' EXIT
cores=$(nproc)

line() { printf '%-44s %s\n' "$1" "$2"; }
seconds() { # seconds COMMAND...: how long it took, in milliseconds
	started=$(date +%s%N)
	"$@" > "$runs/out" 2>&1 || { cat "$runs/out" >&2; return 1; }
	echo $((($(date +%s%N) - started) / 1000000))
}
quantile() { # quantile RUN Q: latency of acknowledged operations in ms
	sqlite3 "$1/run.db" "SELECT printf('%.2f', (complete_ns - invoke_ns) / 1e6) FROM op
		WHERE type = 'ok'
		ORDER BY complete_ns - invoke_ns
		LIMIT 1 OFFSET (SELECT CAST(count(*) * $2 AS INTEGER) FROM op WHERE type = 'ok')"
}

echo "$cores processors, kernel $(uname -r)"
echo
echo "harness alone (system 'null': operations recorded to SQLite, none dropped; goal 200,000/s)"
"$faultline" run --system null --workload register --faults none --time 5 --no-plots \
	--runs "$runs" > "$runs/null" 2>&1 || cat "$runs/null"
grep '^throughput' "$runs/null"

if [ "$(id -u)" = 0 ]; then
	echo
	echo "lab (until every host answers SSH; goals: 5 hosts 1 s, 30 hosts 5 s)"
	for hosts in 5 30; do
		line "lab up -n $hosts" "$(seconds "$faultline" lab up --name bench -n $hosts) ms"
		line "lab down" "$(seconds "$faultline" lab down --name bench) ms"
	done
	echo
	echo "stores on the same five local hosts, no faults, 10 s each, by number of clients"
	"$faultline" lab up --name bench -n 5 > "$runs/out" 2>&1
	for clients in 10 40; do
		for system in reference etcd; do
			"$faultline" run --system $system --workload register --faults none --time 10 \
				--lab bench --concurrency $clients --no-plots --runs "$runs" \
				> "$runs/$system" 2>&1 || cat "$runs/$system"
			rate=$(sed -n 's/^throughput: .*; \([0-9,]*\)\/s acknowledged.*/\1/p' "$runs/$system")
			line "$system, $clients clients" "$rate/s acknowledged, median $(quantile "$runs/latest" 0.5) ms, 99 % $(quantile "$runs/latest" 0.99) ms"
		done
	done
	"$faultline" lab down --name bench > "$runs/out" 2>&1
else
	echo "not root: no lab, so no figures of hosts and stores"
fi

echo
echo "checkers (parsing apart)"
"$build/tests/checkers/bench"
echo
for types in 1 2 3 4; do BENCH_ONLY=$types timeout 60 "$build/tests/checkers/bench_collections"; done
echo
timeout 120 "$build/tests/checkers/bench_txns" 100000
echo
timeout 120 "$build/tests/checkers/bench_types"
echo
timeout 240 "$build/tests/checkers/bench_weak"
echo
timeout 120 "$build/tests/checkers/bench_seed"
echo
timeout 300 "$build/tests/checkers/bench_online"
echo
timeout 300 "$build/tests/checkers/bench_growth"
timeout 60 "$build/tests/checkers/bench_growth" kafka 125000 20 20 3
echo
echo "reading and writing histories"
"$build/tests/results/bench_results"
