#!/bin/sh
# style.sh - headers compile alone, the layout is clang-format's, shell scripts pass
# the linter shellcheck, man pages pass mandoc. A tool that is not there is said and left out.
set -u
cd "$(dirname "$0")/.." || exit 255
bad=0
have() { command -v "$1" > /dev/null 2>&1 || { echo "style: '$1' is not installed, left out"; return 1; }; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for header in $(git ls-files '*.h'); do
	gcc -std=gnu11 -D_GNU_SOURCE -I. -fsyntax-only -x c "$header" 2> "$scratch/out" ||
		{ echo "$header does not compile alone"; head -3 "$scratch/out"; bad=1; }
done
if have clang-format; then
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run 2> "$scratch/out"
	if [ -s "$scratch/out" ]; then
		grep -oE '^[^:]+' "$scratch/out" | grep -E '\.[ch]$' | sort -u | sed 's/$/: run make format/'
		bad=1
	fi
fi
if have shellcheck; then
	git ls-files '*.sh' .ci/run | xargs shellcheck -S warning || bad=1
fi
if have mandoc && [ -n "$(git ls-files 'docs/man/*')" ]; then
	git ls-files 'docs/man/*' | xargs mandoc -T lint -W warning || bad=1
fi
paths=$(git grep -nE '/work/(main|shared|\.library)' -- . ':!tools/style.sh')
[ -z "$paths" ] || { echo "$paths"; echo "style: these lines name a path of one machine"; bad=1; }
exit "$bad"
