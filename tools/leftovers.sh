#!/bin/sh
# leftovers.sh [--all] - prints what labs left behind on this machine; exit code 1 when
# there is anything. A lab that is up is no leftover, unless a test made it (its name
# begins with test-) or --all is given.
set -u

labs=/var/lib/faultline/labs
all=${1:-}
found=$(mktemp)
trap 'rm -f "$found"' EXIT
say() { printf '%s\n' "$*" >> "$found"; }

# The fields of /proc/PID/stat behind the name in parentheses: state is 1, start time 20.
stat_field() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f "$2"; }

is_live() { # is_live NAME: its first process is the one that its file names
	pid=$(sed -n 's/^pid //p' "$labs/$1/lab" 2>/dev/null)
	start=$(sed -n 's/^start //p' "$labs/$1/lab" 2>/dev/null)
	[ -n "$pid" ] && [ "$(stat_field "$pid" 20)" = "$start" ] &&
		[ "$(stat_field "$pid" 1)" != Z ]
}

live_pids=' '
for folder in "$labs"/*/; do
	[ -d "$folder" ] || continue
	name=$(basename "$folder")
	if ! is_live "$name"; then
		say "folder of a lab that is not up: $folder"
		continue
	fi
	live_pids="$live_pids$(sed -n 's/^pid //p' "$folder/lab") "
	case $all$name in --all* | test-*) say "lab that is up: $name" ;; esac
done

# A lab's first process is known by its name, its hosts' processes by their root.
for file in $(grep -lx faultline-lab /proc/[0-9]*/comm 2>/dev/null); do
	pid=${file#/proc/} pid=${pid%/comm}
	[ "$(stat_field "$pid" 1)" = Z ] && continue
	case $live_pids in *" $pid "*) ;; *) say "process of no lab: $pid" ;; esac
done
for file in $(grep -l "upperdir=$labs/" /proc/[0-9]*/mounts 2>/dev/null); do
	name=$(sed -n "s|.*upperdir=$labs/\([^/]*\)/.*|\1|p" "$file" 2>/dev/null | head -n 1)
	[ -z "$name" ] || is_live "$name" || say "process on a host of dead lab $name: $file"
done

grep " $labs" /proc/mounts | sed 's/^/mount: /' >> "$found"
if command -v ip > /dev/null; then
	ip netns list 2>/dev/null | grep faultline | sed 's/^/namespace: /' >> "$found"
	ip -o link | grep -E ': (hub|n[0-9]+)[@:]' | sed 's/^/link: /' >> "$found"
fi
if command -v losetup > /dev/null; then
	losetup -a 2>/dev/null | grep "$labs" | sed 's/^/loop device: /' >> "$found"
fi
cat "$found"
[ ! -s "$found" ]
