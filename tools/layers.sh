#!/bin/sh
# layers.sh - who may include whom: nothing points back up (docs/ARCHITECTURE.md).
# Mains, commands and tests wire rooms together and may include anything.
set -u
cd "$(dirname "$0")/.." || exit 255

allowed() { # the rooms that the files of room $1 may include, as a pattern
	case "$1" in
	base) echo 'base/' ;;
	reference/protocol) echo 'base/|reference/protocol/' ;;
	reference/service) echo 'base/|reference/service/|reference/protocol/' ;;
	reference/*) echo 'base/|reference/' ;;
	checkers) echo 'base/|checkers/' ;;
	chaos | chaos/agent) echo 'base/|chaos/' ;;
	systems) echo 'base/|systems/|reference/client/|harness/hosts/(ssh|host|inventory)\.h' ;;
	workloads) echo 'base/|workloads/|checkers/|systems/system\.h' ;;
	results) echo 'base/|checkers/|results/' ;;
	harness) echo 'base/|harness/|checkers/|systems/system\.h|workloads/|chaos/|results/' ;;
	esac
}

bad=0
for room in base reference/protocol reference/service reference/node reference/client \
	reference/sim checkers chaos chaos/agent systems workloads results harness; do
	folders=$room
	case "$room" in checkers | harness | results) folders="$room $room/*" ;; esac
	# shellcheck disable=SC2086 # a list of folders
	for file in $(find $folders -maxdepth 1 -name '*.[ch]' 2> /dev/null | sort -u); do
		case "$file" in *_main.c | */cmd_*.[ch] | *'*'*) continue ;; esac
		wrong=$(grep -nE '^#include "' "$file" |
			grep -vE "\"($(allowed "$room"))" | grep -E '"(base|reference|checkers|chaos|systems|workloads|results|harness)/')
		[ -z "$wrong" ] || { echo "$wrong" | sed "s|^|$file:|"; bad=1; }
	done
done
[ "$bad" = 0 ] || echo "layers: these includes point up; see docs/ARCHITECTURE.md"
exit "$bad"
